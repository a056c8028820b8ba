"""Tidies up after a run that was killed, so that the next one goes on from its last node.

TFX needs little for that: outputs are published to ML Metadata only when a node has ended,
and a node is reused only if its execution is complete and its outputs exist. What a killed
run leaves is an execution that stays RUNNING for ever, half-written output folders of it, and
temporary files. The caller holds the output folder's lock: whatever is RUNNING of its
pipeline is dead.
"""

import logging
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ml_metadata.proto import metadata_store_pb2

_LOGGER = logging.getLogger("pet_mood.runner")

_Execution = metadata_store_pb2.Execution
_ENDED_WELL = (_Execution.COMPLETE, _Execution.CACHED)
_PIPELINE_CONTEXT = "pipeline"
"""The type that TFX gives the context of all runs of a pipeline."""
_PUSHED_TYPE = "PushedModel"
_PUSHED_DESTINATION = "pushed_destination"


def tidy(store: Any, pipeline: str, pipeline_root: Path) -> None:
    """Marks dead executions failed, removes what they left, forgets vanished pushed versions.

    Args:
      store: an ``ml_metadata.MetadataStore``, which other pipelines may be in, and running.
      pipeline: name of the pipeline, which only runs in this output folder bear.
      pipeline_root: the pipeline's folder, laid out ``<node>/<output>/<execution id>`` as TFX
        1.16 and newer do (tfx/orchestration/portable/outputs_utils.py).
    """
    context = store.get_context_by_type_and_name(_PIPELINE_CONTEXT, pipeline)
    if context is None:
        return  # It has not run yet.
    unfinished = [
        execution
        for execution in store.get_executions_by_context(context.id)
        if execution.last_known_state not in _ENDED_WELL
    ]
    dead = [
        execution
        for execution in unfinished
        if execution.last_known_state in (_Execution.NEW, _Execution.RUNNING)
    ]
    for execution in dead:
        execution.last_known_state = _Execution.FAILED
    if dead:
        store.put_executions(dead)
        _LOGGER.info("marked %d dead executions as failed", len(dead))
    # The failed too: a thread of a stopped node may have written after TFX removed its folder.
    _remove_leftovers(pipeline_root, (execution.id for execution in unfinished))
    _forget_vanished_versions(store, context.id)


def _remove_leftovers(pipeline_root: Path, execution_ids: Iterable[int]) -> None:
    for execution_id in execution_ids:
        for pattern in (f"*/*/{execution_id}", f"*/.system/executor_execution/{execution_id}"):
            for folder in pipeline_root.glob(pattern):
                shutil.rmtree(folder, ignore_errors=True)
                _LOGGER.info("removed %s, left by a dead execution", folder)
    # TFX names each attempt's folder at random and never looks for an earlier one.
    for folder in pipeline_root.glob("*/.system/stateful_working_dir/*"):
        shutil.rmtree(folder, ignore_errors=True)


def _forget_vanished_versions(store: Any, context_id: int) -> None:
    """Marks pushed models DELETED whose version is gone from the serving folder.

    TFX sees only the Pusher's own small folder and would reuse a push that is no longer there.
    """
    live = metadata_store_pb2.Artifact.LIVE
    vanished = [
        artifact
        for artifact in store.get_artifacts_by_context(context_id)
        if artifact.type == _PUSHED_TYPE
        and artifact.state == live
        and (version := artifact.custom_properties[_PUSHED_DESTINATION].string_value)
        and not Path(version).is_dir()
    ]
    for artifact in vanished:
        artifact.state = metadata_store_pb2.Artifact.DELETED
    if vanished:
        store.put_artifacts(vanished)
        _LOGGER.info("forgot %d pushed versions that are gone", len(vanished))
