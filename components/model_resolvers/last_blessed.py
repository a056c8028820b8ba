"""Finds earlier blessed models: the baseline of an evaluation, and the model of a warm start."""

from collections.abc import Callable
from typing import Any

from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.components.evaluator import constants
from tfx.dsl.components.common import resolver

MODEL = "model"
BLESSING = "model_blessing"
CURRENT = "current"
EXAMPLES = "examples"

_Event = metadata_store_pb2.Event


class LastBlessedBefore(resolver.ResolverStrategy):
    """The latest blessed model other than the current one.

    TFX's LatestBlessedModelStrategy returns the current model itself once it is blessed. With it, a
    second run of an unchanged pipeline would compare the model with itself, miss the cache and push
    the same model again under a new version.
    """

    def resolve_artifacts(
        self, store: Any, input_dict: dict[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """Returns the blessed model and its blessing, or empty lists where there is none.

        Args:
          store: ML Metadata's store; not used.
          input_dict: all models and blessings of the pipeline, and the current model.
        """
        del store
        current = {model.id for model in input_dict[CURRENT]}
        newest = newest_blessed(input_dict, lambda model: model.id not in current)
        return {**newest, CURRENT: input_dict[CURRENT]}


class LastBlessedOfOtherExamples(resolver.ResolverStrategy):
    """The latest blessed model that was not trained on the current Examples.

    If it could be one that was, the second run of an unchanged pipeline would start with the model
    of the first. The Trainer would have another input, miss the cache and train again, and so it
    would in every later run.
    """

    def resolve_artifacts(
        self, store: Any, input_dict: dict[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """Returns the model and its blessing, or empty lists where there is none.

        Args:
          store: ML Metadata's store, which knows the inputs that each model was made from.
          input_dict: all models and blessings of the pipeline, and the current Examples.
        """
        current = {examples.id for examples in input_dict[EXAMPLES]}
        newest = newest_blessed(input_dict, lambda model: not current & _inputs_of(store, model.id))
        return {**newest, EXAMPLES: input_dict[EXAMPLES]}


def newest_blessed(
    input_dict: dict[str, list[types.Artifact]], allowed: Callable[[types.Artifact], bool]
) -> dict[str, list[types.Artifact]]:
    """Returns the blessed and allowed model with the highest id, and its blessing.

    Args:
      input_dict: all models and blessings, under ``MODEL`` and ``BLESSING``.
      allowed: whether a model may be returned; called with blessed models alone, the newest first.

    Returns:
      Lists of one under the same keys, or empty ones.
    """
    blessings = {
        blessing.get_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY): blessing
        for blessing in input_dict[BLESSING]
        if blessing.get_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY)
        == constants.BLESSED_VALUE
    }
    blessed = [model for model in input_dict[MODEL] if model.id in blessings]
    blessed.sort(key=lambda model: model.id, reverse=True)
    newest = next(filter(allowed, blessed), None)
    return {
        MODEL: [newest] if newest else [],
        BLESSING: [blessings[newest.id]] if newest else [],
    }


def _inputs_of(store: Any, model_id: int) -> set[int]:
    """Returns the ids of the input artifacts of the executions whose output the model is."""
    executions = {
        event.execution_id
        for event in store.get_events_by_artifact_ids([model_id])
        if event.type == _Event.OUTPUT
    }
    return {
        event.artifact_id
        for event in store.get_events_by_execution_ids(list(executions))
        if event.type == _Event.INPUT
    }
