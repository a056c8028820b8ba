"""Which earlier model is the newest blessed one, from what ML Metadata says of it.

TFX is not imported: what is removed by age asks here too, before TFX has loaded.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ml_metadata.proto import metadata_store_pb2

from schemas import artifacts

_Event = metadata_store_pb2.Event


class BlessedModel(NamedTuple):
    """The ids of a blessed model's artifacts."""

    model: int
    blessing: int


def newest_blessed(
    models: Iterable[Any], blessings: Iterable[Any], allowed: Callable[[int], bool]
) -> BlessedModel | None:
    """Returns the blessed and allowed model with the highest id; None if there is none.

    Args:
      models: ``metadata_store_pb2.Artifact`` of all models that may be meant.
      blessings: the same of all blessings.
      allowed: whether the model of an id may be returned; called with blessed models alone, the
        newest first.
    """
    by_model = {
        _number(blessing, artifacts.BLESSED_MODEL_ID): blessing.id
        for blessing in blessings
        if _number(blessing, artifacts.BLESSED) == artifacts.BLESSED_VALUE
    }
    blessed = sorted((model.id for model in models if model.id in by_model), reverse=True)
    model = next(filter(allowed, blessed), None)
    return None if model is None else BlessedModel(model, by_model[model])


def inputs_of(store: Any, model_id: int) -> set[int]:
    """Returns the ids of the input artifacts of the executions whose output the model is.

    Args:
      store: an ``ml_metadata.MetadataStore``.
      model_id: id of the model's artifact.
    """
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


def _number(artifact: Any, name: str) -> int:
    # A look-up in the message itself would add the property.
    values = dict(artifact.custom_properties)
    return values[name].int_value if name in values else 0
