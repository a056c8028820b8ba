"""TFX's LocalDagRunner, telling of each node what it does and what it put out.

The loop is that of LocalDagRunner.run_with_ir, the same in TFX 1.16 and at 1.22.0.dev
(tfx/orchestration/local/local_dag_runner.py). It can go when TFX offers hooks around nodes.
"""

import datetime
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

from runner import memory, recovery
from runner.diagnosis import STOPPED, diagnose
from runner.node_run import NodeRun, NodeState, OutputArtifact

_LOGGER = logging.getLogger("pet_mood.runner")


class NodeInputsError(RuntimeError):
    """A node that could not run because what it needs was not put out."""


class NodeListener(Protocol):
    """Whoever wants to know how the nodes fare."""

    def planned(self, nodes: list[str]) -> None:
        """These nodes will run, in this order."""

    def started(self, node: str) -> None:
        """A node starts."""

    def ended(self, run: NodeRun) -> None:
        """A node has ended, in whichever way."""


class DagRunner(LocalDagRunner):
    """Runs a pipeline's nodes one after another on this machine."""

    def __init__(self, listener: NodeListener) -> None:
        super().__init__()
        self._listener = listener

    def run_with_ir(
        self,
        pipeline: pipeline_pb2.Pipeline,
        run_options: pipeline_pb2.RunOptions | None = None,
    ) -> None:
        """Runs the compiled pipeline; an error or Ctrl-C in a node leaves the metadata tidy.

        Raises:
          NodeInputsError: TFX found no inputs for a node, which it only logs.
          ValueError: for ``run_options``: there are no partial runs here.
          Exception: whatever a node raises.
        """
        if run_options is not None:
            raise ValueError("Partial runs are not supported: what did not change is reused.")
        run_id = datetime.datetime.now().isoformat()
        runtime_parameter_utils.substitute_runtime_parameter(
            pipeline, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run_id}
        )
        deployment = runner_utils.extract_local_deployment_config(pipeline)
        database = deployment.metadata_connection_config
        connection = getattr(database, database.WhichOneof("connection_config"))
        nodes = [node.pipeline_node for node in pipeline.nodes]
        self._listener.planned([node.node_info.id for node in nodes])
        self._tidy(connection, pipeline)
        try:
            with telemetry_utils.scoped_labels({telemetry_utils.LABEL_TFX_RUNNER: "local"}):
                for node in nodes:
                    self._run_node(node, pipeline, deployment, connection)
        except BaseException:
            # TFX publishes a failure only for Exception, and Ctrl-C is none.
            self._tidy(connection, pipeline)
            raise

    def _run_node(
        self, node: Any, pipeline: pipeline_pb2.Pipeline, deployment: Any, connection: Any
    ) -> None:
        name = node.node_info.id
        self._listener.started(name)
        _LOGGER.info("node %s starts", name)
        began = time.monotonic()
        with memory.watched() as peak:
            try:
                state, outputs = self._launch(node, pipeline, deployment, connection)
                if state is NodeState.FAILED:
                    raise NodeInputsError(f"{name} did not run: its inputs were not found.")
            except BaseException as error:
                # Beam raises errors of its own from a Ctrl-C that met it.
                stopped = diagnose(error) is STOPPED
                state = NodeState.STOPPED if stopped else NodeState.FAILED
                seconds = time.monotonic() - began
                self._end(NodeRun(name, seconds, state, peak_bytes=peak.peak_bytes))
                raise
        self._end(NodeRun(name, time.monotonic() - began, state, outputs, peak.peak_bytes))

    def _launch(
        self, node: Any, pipeline: pipeline_pb2.Pipeline, deployment: Any, connection: Any
    ) -> tuple[NodeState, tuple[OutputArtifact, ...]]:
        name = node.node_info.id
        info = launcher.Launcher(
            pipeline_node=node,
            mlmd_connection=metadata.Metadata(connection),
            pipeline_info=pipeline.pipeline_info,
            pipeline_runtime_spec=pipeline.runtime_spec,
            executor_spec=runner_utils.extract_executor_spec(deployment, name),
            custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, name),
        ).launch()
        execution_id = info.execution_id if info is not None else None
        with metadata.Metadata(connection) as handle:
            return _outcome(handle.store, execution_id)

    def _end(self, run: NodeRun) -> None:
        _LOGGER.info(
            "node %s ends: %s after %.1f s, %d outputs, at most %d MiB",
            run.node,
            run.state.value,
            run.seconds,
            len(run.outputs),
            run.peak_bytes >> 20,
        )
        self._listener.ended(run)

    def _tidy(self, connection: Any, pipeline: pipeline_pb2.Pipeline) -> None:
        root = pipeline.runtime_spec.pipeline_root.field_value.string_value
        with metadata.Metadata(connection) as handle:
            recovery.tidy(handle.store, pipeline.pipeline_info.id, Path(root))


def _outcome(store: Any, execution_id: int | None) -> tuple[NodeState, tuple[OutputArtifact, ...]]:
    """Returns how an execution ended and its outputs, new or taken from an earlier run.

    The outputs come from ML Metadata: for a reused node the launcher returns the folders that
    it would have written, which do not exist.
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
    wanted = [
        event.artifact_id
        for event in store.get_events_by_execution_ids([execution_id])
        if event.type == metadata_store_pb2.Event.OUTPUT
    ]
    for artifact in store.get_artifacts_by_id(wanted):
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


_PLAIN_VALUES = ("int_value", "double_value", "string_value")
