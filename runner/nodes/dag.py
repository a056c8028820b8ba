"""TFX's LocalDagRunner with hooks around the nodes, and with the outputs of each node.

The loop is that of LocalDagRunner.run_with_ir, the same in TFX 1.16 and at 1.22.0.dev
(tfx/orchestration/local/local_dag_runner.py). This module can go when TFX offers such hooks.
"""

import datetime
import itertools
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.compiler import constants
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.portable import launcher, runtime_parameter_utils
from tfx.proto.orchestration import pipeline_pb2
from tfx.utils import telemetry_utils

from report.node_run import NodeRun, NodeState, OutputArtifact
from runner.diagnosis import STOPPED, diagnose
from runner.nodes import memory, recovery, reuse
from runner.nodes.engine_retry import TriesAgain, never
from system import files

_LOGGER = logging.getLogger("pet_mood.runner")
_PLAIN_VALUES = ("int_value", "double_value", "string_value")
"""Kinds of property values that ``OutputArtifact`` keeps."""


class NodeInputsError(RuntimeError):
    """A node could not run because its inputs do not exist."""


class RunHooks(Protocol):
    """Hooks that are called while a pipeline runs."""

    def before_run(self, nodes: list[str], reusable: frozenset[str]) -> None:
        """Called once, after the clean-up and before the first node.

        Args:
          nodes: that will run, in order.
          reusable: those that read data and did so before with the same parameters.
        """

    def before_node_run(self, node: str) -> None:
        """Called before each node."""

    def after_node_run(self, run: NodeRun) -> None:
        """Called after each node, also after one that failed or was stopped."""


class DagRunner(LocalDagRunner):
    """Runs a pipeline's nodes one after another on this machine."""

    def __init__(self, hooks: RunHooks, tries_again: TriesAgain = never) -> None:
        super().__init__()
        self._hooks = hooks
        self._tries_again = tries_again

    def run_with_ir(
        self,
        pipeline: pipeline_pb2.Pipeline,
        run_options: pipeline_pb2.RunOptions | None = None,
    ) -> None:
        """Runs the compiled pipeline; also an error or Ctrl-C leaves ML Metadata clean.

        Raises:
          NodeInputsError: TFX found no inputs for a node, which it only logs.
          ValueError: for ``run_options``: partial runs are not supported.
          Exception: whatever a node raises.
        """
        if run_options is not None:
            raise ValueError("Partial runs are not supported: unchanged nodes are reused.")
        run_id = datetime.datetime.now().isoformat()
        runtime_parameter_utils.substitute_runtime_parameter(
            pipeline, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run_id}
        )
        deployment = runner_utils.extract_local_deployment_config(pipeline)
        database = deployment.metadata_connection_config
        connection = getattr(database, database.WhichOneof("connection_config"))
        nodes = [node.pipeline_node for node in pipeline.nodes]

        self._clean_up(connection, pipeline)
        with metadata.Metadata(connection) as handle:
            reusable = frozenset(reuse.reusable(handle.store, pipeline.pipeline_info.id, nodes))
        self._hooks.before_run([node.node_info.id for node in nodes], reusable)
        try:
            with telemetry_utils.scoped_labels({telemetry_utils.LABEL_TFX_RUNNER: "local"}):
                for node in nodes:
                    self._run_node(node, pipeline, deployment, connection)
        except BaseException:
            # TFX publishes a failure only for Exception, which KeyboardInterrupt is not.
            self._clean_up(connection, pipeline)
            raise

    def _run_node(
        self, node: Any, pipeline: pipeline_pb2.Pipeline, deployment: Any, connection: Any
    ) -> None:
        """Runs one node between its two hooks."""
        name = node.node_info.id
        self._hooks.before_node_run(name)
        _LOGGER.info("node %s starts", name)
        started = time.monotonic()
        with memory.sampled() as peak:
            try:
                state, outputs = self._launch_again(node, pipeline, deployment, connection)
                if state is NodeState.FAILED:
                    raise NodeInputsError(f"{name} did not run: its inputs were not found.")
            except BaseException as error:
                # Beam turns a Ctrl-C that it receives into errors of its own.
                is_stopped = diagnose(error) is STOPPED
                state = NodeState.STOPPED if is_stopped else NodeState.FAILED
                seconds = time.monotonic() - started
                self._finish_node(NodeRun(name, seconds, state, peak_bytes=peak.peak_bytes))
                raise
        seconds = time.monotonic() - started
        self._finish_node(NodeRun(name, seconds, state, outputs, peak.peak_bytes))

    def _launch_again(
        self, node: Any, pipeline: pipeline_pb2.Pipeline, deployment: Any, connection: Any
    ) -> tuple[NodeState, tuple[OutputArtifact, ...]]:
        """Launches a node until it ends well or is not to be tried again."""
        for tries in itertools.count(1):
            try:
                return self._launch(node, pipeline, deployment, connection)
            except Exception as error:
                if not self._tries_again(node.node_info.id, error, tries):
                    raise
                _LOGGER.exception("node %s is started again", node.node_info.id)
            # What the failed attempt has left in the records and on the disk.
            self._clean_up(connection, pipeline)
        raise AssertionError("counting does not end")

    def _launch(
        self, node: Any, pipeline: pipeline_pb2.Pipeline, deployment: Any, connection: Any
    ) -> tuple[NodeState, tuple[OutputArtifact, ...]]:
        """Has TFX run a node; returns how that ended, and the outputs."""
        name = node.node_info.id
        info = _DurableLauncher(
            pipeline_node=node,
            mlmd_connection=metadata.Metadata(connection),
            pipeline_info=pipeline.pipeline_info,
            pipeline_runtime_spec=pipeline.runtime_spec,
            executor_spec=runner_utils.extract_executor_spec(deployment, name),
            custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, name),
        ).launch()
        execution_id = info.execution_id if info is not None else None
        with metadata.Metadata(connection) as handle:
            state, outputs = _state_and_outputs(handle.store, execution_id)
        if state in (NodeState.DONE, NodeState.REUSED):
            recovery.forget_unfinished(_root_of(pipeline), name)
        return state, outputs

    def _finish_node(self, run: NodeRun) -> None:
        _LOGGER.info(
            "node %s ends: %s after %.1f s, %d outputs, at most %d MiB",
            run.node,
            run.state.value,
            run.seconds,
            len(run.outputs),
            run.peak_bytes >> 20,
        )
        self._hooks.after_node_run(run)

    def _clean_up(self, connection: Any, pipeline: pipeline_pb2.Pipeline) -> None:
        with metadata.Metadata(connection) as handle:
            recovery.clean_up(handle.store, pipeline.pipeline_info.id, _root_of(pipeline))


class _DurableLauncher(launcher.Launcher):
    """TFX's launcher, which records outputs as complete only when they are on the disk.

    Otherwise ML Metadata, which flushes its own file, might after a power cut name files that are
    empty, and the next run would reuse them.
    """

    def _run_executor(self, execution_info: Any) -> Any:
        output = super()._run_executor(execution_info)
        for artifacts in execution_info.output_dict.values():
            for artifact in artifacts:
                _flush_output(Path(artifact.uri))
        return output


def _flush_output(path: Path) -> None:
    """Waits until an output is on the disk: ``<root>/<node>/<output>/<execution>``."""
    if path.exists():
        files.flush_tree(path)
        for folder in list(path.parents)[:4]:
            files.flush(folder)


def _root_of(pipeline: pipeline_pb2.Pipeline) -> Path:
    return Path(pipeline.runtime_spec.pipeline_root.field_value.string_value)


def _state_and_outputs(
    store: Any, execution_id: int | None
) -> tuple[NodeState, tuple[OutputArtifact, ...]]:
    """Returns how an execution ended and its outputs, new or reused.

    The outputs come from ML Metadata: for a reused node the launcher returns the folders that it
    would have written, which do not exist.
    """
    if not execution_id:
        return NodeState.SKIPPED, ()
    (execution,) = store.get_executions_by_id([execution_id])
    state = {
        metadata_store_pb2.Execution.COMPLETE: NodeState.DONE,
        metadata_store_pb2.Execution.CACHED: NodeState.REUSED,
    }.get(execution.last_known_state, NodeState.FAILED)
    return state, tuple(_outputs(store, execution_id))


def _outputs(store: Any, execution_id: int) -> Iterator[OutputArtifact]:
    """Yields the output artifacts of an execution with their properties."""
    artifact_ids = [
        event.artifact_id
        for event in store.get_events_by_execution_ids([execution_id])
        if event.type == metadata_store_pb2.Event.OUTPUT
    ]
    for artifact in store.get_artifacts_by_id(artifact_ids):
        values = {**artifact.properties, **artifact.custom_properties}
        yield OutputArtifact(
            type_name=artifact.type,
            uri=artifact.uri,
            properties={
                name: getattr(value, kind)
                for name, value in values.items()
                if (kind := value.WhichOneof("value")) in _PLAIN_VALUES
            },
        )
