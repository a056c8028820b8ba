"""Evaluator: a servable and the eval split in, scores, a table of answers and a verdict out."""

import dataclasses
import json

from tfx import types
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import component_spec, standard_artifacts

from components.artifact_types import Predictions, Rejects
from components.evaluator import executor
from components.limits import BlessingLimits


class EvaluatorSpec(component_spec.ComponentSpec):
    """The Evaluator's contract."""

    PARAMETERS = {
        executor.LIMITS: component_spec.ExecutionParameter(type=str),
        executor.CODE: component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        executor.EXAMPLES: component_spec.ChannelParameter(type=standard_artifacts.Examples),
        executor.REJECTS: component_spec.ChannelParameter(type=Rejects),
        executor.MODEL: component_spec.ChannelParameter(type=standard_artifacts.Model),
        executor.BASELINE_MODEL: component_spec.ChannelParameter(
            type=standard_artifacts.Model, optional=True
        ),
    }
    OUTPUTS = {
        executor.EVALUATION: component_spec.ChannelParameter(
            type=standard_artifacts.ModelEvaluation
        ),
        executor.BLESSING: component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing),
        executor.PREDICTIONS: component_spec.ChannelParameter(type=Predictions),
    }


class Evaluator(base_beam_component.BaseBeamComponent):
    """Asks the servable for every row of the eval split and judges the answers.

    Unlike TFX's Evaluator it predicts with a bounded batch into a table and lets TFMA
    measure that table, so that the memory does not grow with the rows.

    Outputs:
      evaluation: TFMA's files and ``schemas.artifacts.METRICS_JSON``.
      blessing: as TFX's Pusher and LatestBlessedModelStrategy read it.
      predictions: one row an Example.
    """

    SPEC_CLASS = EvaluatorSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)

    def __init__(
        self,
        examples: types.BaseChannel,
        rejects: types.BaseChannel,
        model: types.BaseChannel,
        baseline_model: types.BaseChannel | None,
        limits: BlessingLimits,
        code: str,
    ) -> None:
        """Creates the node.

        Args:
          examples: PetExampleGen's, with a split "eval".
          rejects: PetExampleGen's counts.
          model: the Trainer's.
          baseline_model: the last blessed one.
          limits: what the model must reach.
          code: version of our code; only there to be part of the cache key.
        """
        super().__init__(
            EvaluatorSpec(
                examples=examples,
                rejects=rejects,
                model=model,
                baseline_model=baseline_model,
                limits_json=json.dumps(dataclasses.asdict(limits), sort_keys=True),
                code=code,
                evaluation=types.Channel(type=standard_artifacts.ModelEvaluation),
                blessing=types.Channel(type=standard_artifacts.ModelBlessing),
                predictions=types.Channel(type=Predictions),
            )
        )
