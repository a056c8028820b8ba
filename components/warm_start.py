"""Finds the model that a training goes on from: the last blessed one of other data."""

from typing import Any

from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.dsl.components.common import resolver

from components.evaluator.last_blessed import newest_blessed

EXAMPLES = "examples"

_Event = metadata_store_pb2.Event


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
