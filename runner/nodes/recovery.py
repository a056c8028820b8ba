"""Clean-up after a run that was killed, so that the next run continues from its last node.

TFX needs little for that. It publishes outputs to ML Metadata only when a node has ended, and
reuses a node only if its execution is complete and its outputs exist. A killed run leaves an
execution that stays RUNNING for ever, its half-written output folders, and temporary files.
The caller holds the lock of the output folder, so every RUNNING execution of its pipeline is dead.
"""

import logging
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ml_metadata.proto import metadata_store_pb2

from schemas import artifacts

_LOGGER = logging.getLogger("pet_mood.runner")

_Execution = metadata_store_pb2.Execution
_SUCCEEDED = (_Execution.COMPLETE, _Execution.CACHED)
PIPELINE_CONTEXT = "pipeline"
"""Type of TFX's context for all runs of a pipeline."""


def clean_up(store: Any, pipeline: str, pipeline_root: Path) -> None:
    """Marks dead executions as failed, removes their files, forgets vanished pushed versions.

    Args:
      store: an ``ml_metadata.MetadataStore``; other pipelines may be in it, also running ones.
      pipeline: name of the pipeline, which only the runs in this output folder have.
      pipeline_root: the pipeline's folder, laid out ``<node>/<output>/<execution id>`` as TFX
        1.16 and newer do (tfx/orchestration/portable/outputs_utils.py).
    """
    context = store.get_context_by_type_and_name(PIPELINE_CONTEXT, pipeline)
    if context is None:
        return  # The pipeline has not run yet.
    unfinished = [
        execution
        for execution in store.get_executions_by_context(context.id)
        if execution.last_known_state not in _SUCCEEDED
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

    # Also of the failed ones: a thread of a stopped node may write after TFX removed its folder.
    remove_executions(pipeline_root, (execution.id for execution in unfinished))
    _forget_vanished_versions(store, context.id)


def remove_executions(pipeline_root: Path, execution_ids: Iterable[int]) -> None:
    """Removes the outputs of executions that TFX has not recorded as complete."""
    for execution_id in execution_ids:
        for pattern in (f"*/*/{execution_id}", f"*/.system/executor_execution/{execution_id}"):
            for folder in pipeline_root.glob(pattern):
                shutil.rmtree(folder, ignore_errors=True)
                _LOGGER.info("removed %s of an unfinished execution", folder)
    # TFX names each attempt's folder at random and never looks for an earlier one.
    for folder in pipeline_root.glob("*/.system/stateful_working_dir/*"):
        shutil.rmtree(folder, ignore_errors=True)


def _forget_vanished_versions(store: Any, context_id: int) -> None:
    """Marks pushed models as DELETED whose version is gone from the serving folder.

    TFX looks only at the small folder of the Pusher's own, and would reuse a push whose version
    is gone.
    """
    vanished = [
        artifact
        for artifact in store.get_artifacts_by_context(context_id)
        if artifact.type == artifacts.PUSHED_MODEL_TYPE
        and artifact.state == metadata_store_pb2.Artifact.LIVE
        and (version := artifact.custom_properties[artifacts.PUSHED_DESTINATION].string_value)
        and not Path(version).is_dir()
    ]
    for artifact in vanished:
        artifact.state = metadata_store_pb2.Artifact.DELETED
    if vanished:
        store.put_artifacts(vanished)
        _LOGGER.info("forgot %d pushed versions that are gone", len(vanished))


def forget_unfinished(pipeline_root: Path, node: str) -> None:
    """Removes what a node would have gone on from, once TFX has recorded it as complete.

    Not earlier: a kill between the removal and the record would have all the work done again.
    """
    shutil.rmtree(pipeline_root / node / artifacts.UNFINISHED, ignore_errors=True)
