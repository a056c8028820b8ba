"""What ML Metadata knows of a pipeline's executions and artifacts. TFX is not imported.

An execution that was answered from the cache has the artifacts of an earlier one as its outputs.
That one is their maker: its id is in the artifacts' paths, ``<node>/<output>/<execution id>`` as
TFX 1.16 and newer lay them out (tfx/orchestration/portable/outputs_utils.py).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml_metadata.proto import metadata_store_pb2

_Artifact = metadata_store_pb2.Artifact
_Event = metadata_store_pb2.Event
_Execution = metadata_store_pb2.Execution
_SUCCEEDED = (_Execution.COMPLETE, _Execution.CACHED)
_PIPELINE_CONTEXT, _NODE_CONTEXT = "pipeline", "node"
"""Types of TFX's contexts; the name of the second is "<pipeline>.<node>"."""


@dataclass(frozen=True)
class Lineage:
    """The executions of a pipeline and their artifacts.

    Attributes:
      node_executions: ids of the executions that succeeded, by node, the newest first.
      succeeded: all of these ids.
      artifacts: ``metadata_store_pb2.Artifact`` by id.
      outputs: ids of the artifacts that an execution has put out, made or reused.
      reads: ids of the artifacts that an execution was given, or that a resolver has found.
    """

    node_executions: dict[str, list[int]]
    succeeded: set[int]
    artifacts: dict[int, Any]
    outputs: dict[int, set[int]]
    reads: dict[int, set[int]]

    @property
    def makers(self) -> dict[int, int]:
        """The id of the execution that made each artifact."""
        makers: dict[int, int] = {}
        for execution in sorted(self.outputs, reverse=True):  # The first to put it out wins.
            makers.update(dict.fromkeys(self.outputs[execution], execution))
        return makers

    def made_by(self) -> dict[int, set[int]]:
        """Returns the ids of the artifacts that each execution made."""
        made: dict[int, set[int]] = {}
        for artifact, maker in self.makers.items():
            made.setdefault(maker, set()).add(artifact)
        return made

    def live(self, type_name: str) -> list[Any]:
        """Returns the artifacts of a type that nobody has marked, and whose files are there."""
        return [
            artifact
            for artifact in self.artifacts.values()
            if artifact.type == type_name and is_live(artifact)
        ]


def is_live(artifact: Any) -> bool:
    """Returns whether an artifact may be used by ML Metadata, and its files are there."""
    return artifact.state == _Artifact.LIVE and Path(artifact.uri).exists()


def is_marked(artifact: Any) -> bool:
    """Returns whether an artifact was marked for a removal that did not come to its end."""
    return artifact.state == _Artifact.MARKED_FOR_DELETION


def read(store: Any, pipeline: str) -> Lineage | None:
    """Returns what a store knows of a pipeline; None if it has never run.

    Args:
      store: an ``ml_metadata.MetadataStore``; other pipelines may be in it.
      pipeline: the pipeline's name.
    """
    context = store.get_context_by_type_and_name(_PIPELINE_CONTEXT, pipeline)
    if context is None:
        return None
    executions = {one.id: one for one in store.get_executions_by_context(context.id)}
    succeeded = {key for key, one in executions.items() if one.last_known_state in _SUCCEEDED}
    outputs: dict[int, set[int]] = {}
    reads: dict[int, set[int]] = {}
    for event in _in_parts(store.get_events_by_execution_ids, list(executions)):
        if event.execution_id in succeeded:
            of_kind = outputs if event.type == _Event.OUTPUT else reads
            of_kind.setdefault(event.execution_id, set()).add(event.artifact_id)
    return Lineage(
        node_executions=_by_node(store, pipeline, succeeded),
        succeeded=succeeded,
        artifacts={one.id: one for one in store.get_artifacts_by_context(context.id)},
        outputs=outputs,
        reads=reads,
    )


def _by_node(store: Any, pipeline: str, succeeded: set[int]) -> dict[str, list[int]]:
    by_node: dict[str, list[int]] = {}
    for context in store.get_contexts_by_type(_NODE_CONTEXT):
        owner, _, node = context.name.partition(".")
        if owner == pipeline:
            ids = {one.id for one in store.get_executions_by_context(context.id)}
            by_node[node] = sorted(ids & succeeded, reverse=True)
    return by_node


_PART = 500
"""Ids in one question: SQLite's statements have a limit."""


def _in_parts(question: Any, ids: list[int]) -> Iterator[Any]:
    for start in range(0, len(ids), _PART):
        yield from question(ids[start : start + _PART])


def set_state(store: Any, artifacts: Iterable[Any], state: int) -> None:
    """Writes a state of ``metadata_store_pb2.Artifact`` for some artifacts, in one transaction."""
    changed = []
    for artifact in artifacts:
        artifact.state = state
        changed.append(artifact)
    if changed:
        store.put_artifacts(changed)


def mark(store: Any, artifacts: Iterable[Any]) -> None:
    """Marks artifacts for their removal: neither the cache nor a resolver takes them any more."""
    set_state(store, artifacts, _Artifact.MARKED_FOR_DELETION)


def mark_removed(store: Any, artifacts: Iterable[Any]) -> None:
    """Records that the artifacts' files are gone."""
    set_state(store, artifacts, _Artifact.DELETED)
