"""BulkInferrer: TFX's component, which here needs the ServableCheck's blessing too."""

from typing import Any

from tfx.components.bulk_inferrer import component as tfx_bulk_inferrer
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.proto import bulk_inferrer_pb2
from tfx.types import Channel, standard_artifacts, standard_component_specs
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.bulk_inferrer import executor

CODE = "code"
"""Execution property that is used in the cache key alone."""


class BulkInferrerSpec(standard_component_specs.BulkInferrerSpec):
    """TFX's contract with one more input and one more parameter."""

    PARAMETERS = {
        **standard_component_specs.BulkInferrerSpec.PARAMETERS,
        CODE: ExecutionParameter(type=str),
    }
    INPUTS = {
        **standard_component_specs.BulkInferrerSpec.INPUTS,
        standard_component_specs.INFRA_BLESSING_KEY: ChannelParameter(
            type=standard_artifacts.InfraBlessing
        ),
    }


class BulkInferrer(tfx_bulk_inferrer.BulkInferrer):
    """Adds the predictions of a blessed, servable model to Examples."""

    SPEC_CLASS = BulkInferrerSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)

    def __init__(
        self,
        examples: Any,
        model: Any,
        model_blessing: Any,
        infra_blessing: Any,
        model_spec: bulk_inferrer_pb2.ModelSpec,
        output_example_spec: bulk_inferrer_pb2.OutputExampleSpec,
        code: str,
    ) -> None:
        """Declares the node.

        Args:
          examples: the Examples to predict.
          model: the Trainer's export.
          model_blessing: the Evaluator's.
          infra_blessing: the ServableCheck's.
          model_spec: names the signature to call.
          output_example_spec: the feature for each of its outputs.
          code: version of our code; used in the cache key alone.
        """
        spec = BulkInferrerSpec(
            examples=examples,
            model=model,
            model_blessing=model_blessing,
            infra_blessing=infra_blessing,
            data_spec=bulk_inferrer_pb2.DataSpec(),
            model_spec=model_spec,
            output_example_spec=output_example_spec,
            code=code,
            output_examples=Channel(type=standard_artifacts.Examples),
        )
        # TFX's own constructor would create a spec without the second blessing.
        base_beam_component.BaseBeamComponent.__init__(self, spec=spec)
