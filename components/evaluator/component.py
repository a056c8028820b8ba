"""Evaluator: predicts the eval split with a servable, scores it and decides on its blessing."""

import posixpath

from tfx import types
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.dsl.io import fileio
from tfx.types import component_spec, standard_artifacts

from components import serving_folder
from components.artifact_types import Predictions, Rejects
from components.evaluator import executor
from components.evaluator.settings import EvaluateSettings
from schemas.errors import ConfigError


class EvaluatorSpec(component_spec.ComponentSpec):
    """The Evaluator's contract."""

    PARAMETERS = {
        executor.SETTINGS: component_spec.ExecutionParameter(type=str),
        executor.CODE: component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        executor.EXAMPLES: component_spec.ChannelParameter(type=standard_artifacts.Examples),
        executor.REJECTS: component_spec.ChannelParameter(type=Rejects),
        executor.CANDIDATE_MODEL: component_spec.ChannelParameter(type=standard_artifacts.Model),
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
    """Predicts every row of the eval split with the servable and scores the predictions.

    Unlike TFX's Evaluator, it writes the predictions into a table, a batch at a time, and counts
    that table by clip. So the memory does not grow with the frames.

    Outputs:
      evaluation: TFMA's files and ``schemas.artifacts.METRICS_JSON``.
      blessing: in the form that TFX's Pusher and LatestBlessedModelStrategy read.
      predictions: one row for each Example.
    """

    SPEC_CLASS = EvaluatorSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)

    def __init__(
        self,
        examples: types.BaseChannel,
        rejects: types.BaseChannel,
        model: types.BaseChannel,
        baseline_model: types.BaseChannel | None,
        settings: EvaluateSettings,
        code: str,
    ) -> None:
        """Creates the node.

        Args:
          examples: PetExampleGen's, with a split "eval".
          rejects: PetExampleGen's counts.
          model: the Trainer's model.
          baseline_model: the last blessed model.
          settings: limits of the blessing, and how the model is measured.
          code: version of our code; used in the cache key alone.

        Raises:
          ConfigError: there is no servable at ``settings.compare_with``, or its files are not
            those of its manifest.
        """
        if settings.compare_with:
            _check_servable(settings.compare_with)
        super().__init__(
            EvaluatorSpec(
                examples=examples,
                rejects=rejects,
                model=model,
                baseline_model=baseline_model,
                settings_json=settings.to_json(),
                code=code,
                evaluation=types.Channel(type=standard_artifacts.ModelEvaluation),
                blessing=types.Channel(type=standard_artifacts.ModelBlessing),
                predictions=types.Channel(type=Predictions),
            )
        )


def _check_servable(path: str) -> None:
    if not fileio.exists(posixpath.join(path, "saved_model.pb")):
        raise ConfigError(
            "evaluate.compare_with must be the folder of a servable, such as "
            f"serving/pet_mood/<version>, with a saved_model.pb. Received: {path!r}"
        )
    serving_folder.check_version(path)
