"""Finds earlier blessed models: what a new one must not fall behind, and what it goes on from."""

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

    TFX's LatestBlessedModelStrategy returns the current model itself once it is blessed: a
    second run of an unchanged pipeline would compare the model with itself, miss the cache
    and push the same model again under a new version.
    """

    def resolve_artifacts(
        self, store: Any, input_dict: dict[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """Returns the blessed model and its blessing, or empty lists where there is none.

        Args:
          store: MLMD; not needed.
          input_dict: all models and blessings of the pipeline, and the current model.
        """
        del store
        current = {model.id for model in input_dict[CURRENT]}
        found = newest_blessed(input_dict, lambda model: model.id not in current)
        return {**found, CURRENT: input_dict[CURRENT]}


class LastBlessedOfOtherExamples(resolver.ResolverStrategy):
    """The latest blessed model that was not trained on the current Examples.

    If it could be one that was, the second run of an unchanged pipeline would go on from what
    the first has made: another input, so the cache would be missed and it would train again,
    and so would every run after it.
    """

    def resolve_artifacts(
        self, store: Any, input_dict: dict[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """Returns the model and its blessing, or empty lists where there is none.

        Args:
          store: MLMD, which knows what each model was made of.
          input_dict: all models and blessings of the pipeline, and the current Examples.
        """
        current = {examples.id for examples in input_dict[EXAMPLES]}
        found = newest_blessed(input_dict, lambda model: not current & _made_of(store, model.id))
        return {**found, EXAMPLES: input_dict[EXAMPLES]}


def newest_blessed(
    input_dict: dict[str, list[types.Artifact]], allowed: Callable[[types.Artifact], bool]
) -> dict[str, list[types.Artifact]]:
    """Returns the blessed model with the highest id, of those allowed, and its blessing.

    Args:
      input_dict: all models and blessings, under ``MODEL`` and ``BLESSING``.
      allowed: asked of blessed models only, the newest first.

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
    found = next(filter(allowed, blessed), None)
    return {
        MODEL: [found] if found else [],
        BLESSING: [blessings[found.id]] if found else [],
    }


def _made_of(store: Any, model: int) -> set[int]:
    """Returns the ids of the artifacts that went into the executions that put the model out."""
    makers = {
        event.execution_id
        for event in store.get_events_by_artifact_ids([model])
        if event.type == _Event.OUTPUT
    }
    return {
        event.artifact_id
        for event in store.get_events_by_execution_ids(list(makers))
        if event.type == _Event.INPUT
    }
