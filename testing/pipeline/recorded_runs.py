"""Runs of a pipeline in a real ML Metadata, with their files, without TFX."""

import os
from pathlib import Path
from typing import Any

from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2

from pipeline import config
from pipeline.run_inputs import RunInputs
from runner.prune.plan import Plan, make_plan
from runner.prune.served import Pins

Artifact, Event, Execution = (
    metadata_store_pb2.Artifact,
    metadata_store_pb2.Event,
    metadata_store_pb2.Execution,
)
NOW = 1_800_000_000.0
DAY = 86400.0
NO_PINS = Pins()


class Runs:
    """ML Metadata and the files of a pipeline's executions, as TFX records them."""

    def __init__(self, output: Path, pipeline: str = "pet_mood") -> None:
        connection = metadata_store_pb2.ConnectionConfig()
        connection.sqlite.filename_uri = str(output.parent / "metadata.sqlite")
        connection.sqlite.connection_mode = 3
        output.mkdir(parents=True, exist_ok=True)
        self.store = MetadataStore(connection)
        self.inputs = RunInputs(output, None, None, (), output)
        self._pipeline = pipeline
        self._contexts = {pipeline: self._context("pipeline", pipeline)}

    def _context(self, kind: str, name: str) -> Any:
        type_id = self.store.put_context_type(metadata_store_pb2.ContextType(name=kind))
        self.store.put_contexts([metadata_store_pb2.Context(type_id=type_id, name=name)])
        return self.store.get_context_by_type_and_name(kind, name)

    def execute(
        self,
        node: str,
        inputs: tuple[int, ...] = (),
        outputs: tuple[str, ...] = (),
        *,
        reused: tuple[int, ...] = (),
        state: int = Execution.COMPLETE,
    ) -> list[int]:
        """Records an execution; returns the ids of its outputs, made or reused."""
        type_id = self.store.put_execution_type(metadata_store_pb2.ExecutionType(name=node))
        execution = Execution(type_id=type_id, last_known_state=state)
        (execution_id,) = self.store.put_executions([execution])
        made = [self._make(node, kind, execution_id) for kind in outputs]
        execution.id = execution_id
        name = f"{self._pipeline}.{node}"
        if name not in self._contexts:
            self._contexts[name] = self._context("node", name)
        events = [
            *(self._event(Event.INPUT, one) for one in inputs),
            *(self._event(Event.OUTPUT, one) for one in (*made, *reused)),
        ]
        found = self.store.get_artifacts_by_id([*inputs, *made, *reused])
        by_id = {one.id: one for one in found}
        self.store.put_execution(
            execution,
            [(by_id[event.artifact_id], event) for event in events],
            [self._contexts[self._pipeline], self._contexts[name]],
        )
        return [*made, *reused]

    def _event(self, kind: int, artifact: int) -> metadata_store_pb2.Event:
        event = Event(type=kind, artifact_id=artifact)
        event.path.steps.add().key = "x"
        return event

    def _make(self, node: str, kind: str, execution: int) -> int:
        type_id = self.store.put_artifact_type(metadata_store_pb2.ArtifactType(name=kind))
        folder = self.inputs.artifacts / node / kind / str(execution)
        folder.mkdir(parents=True)
        (folder / "content").write_bytes(b"x" * 10)
        (artifact,) = self.store.put_artifacts(
            [Artifact(type_id=type_id, uri=str(folder), state=Artifact.LIVE)]
        )
        return int(artifact)

    def set_properties(self, artifact: int, **values: int | str) -> None:
        """Sets custom properties of an artifact."""
        (found,) = self.store.get_artifacts_by_id([artifact])
        for name, value in values.items():
            if isinstance(value, str):
                found.custom_properties[name].string_value = value
            else:
                found.custom_properties[name].int_value = value
        self.store.put_artifacts([found])

    def push(self, number: int) -> Path:
        """Records a pushed version; returns its folder."""
        version = self.inputs.serving / str(number)
        version.mkdir(parents=True)
        (version / "saved_model.pb").touch()
        (pushed,) = self.execute("Pusher", (), ("PushedModel",))
        self.set_properties(pushed, pushed=1, pushed_destination=str(version))
        return version

    def uri(self, artifact: int) -> Path:
        return Path(self.store.get_artifacts_by_id([artifact])[0].uri)

    def plan(self, *overrides: str, pins: Pins = NO_PINS) -> Plan:
        settings = config.load("default", None, overrides)
        plan = make_plan(self.store, self._pipeline, self.inputs, settings, pins, NOW)
        assert plan is not None
        return plan

    def going(self, *overrides: str, pins: Pins = NO_PINS) -> set[str]:
        """Returns the paths below the output folder that would go."""
        return {
            str(item.path.relative_to(self.inputs.output))
            for item in self.plan(*overrides, pins=pins).items
        }


def aged(path: Path, days: float) -> Path:
    """Makes a file of that age, and its folder if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * 7)
    for one in (path, path.parent):
        os.utime(one, (NOW - days * DAY, NOW - days * DAY))
    return path
