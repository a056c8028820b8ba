"""What would be removed, from a real ML Metadata without TFX."""

import importlib.util
import os
from pathlib import Path
from typing import Any

import pytest
from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2

from pipeline import config
from pipeline.run_inputs import RunInputs
from runner.prune import removal
from runner.prune.lineage import mark
from runner.prune.plan import LEFTOVER, VERSION, Plan, make_plan
from runner.prune.removal import carry_out
from runner.prune.served import Pins
from schemas import artifacts
from system import pushed_versions

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


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "out")


def model(runs: Runs, examples: int, *, blessed: int) -> int:
    """Trains and judges a model; returns its artifact."""
    (made,) = runs.execute("Trainer", (examples,), ("Model",))
    (blessing,) = runs.execute("Evaluator", (made,), ("ModelBlessing",))
    runs.set_properties(blessing, blessed=blessed, current_model_id=made)
    return made


def test_without_a_number_nothing_but_leftovers_goes(runs: Runs) -> None:
    for _ in range(3):
        runs.execute("Ingest", (), ("Examples",))
    assert runs.going() == set()
    assert runs.plan().items == ()


def test_a_pipeline_that_never_ran_is_unknown(runs: Runs) -> None:
    settings = config.load("default", None, ())
    assert make_plan(runs.store, "another", runs.inputs, settings, Pins(), NOW) is None


def test_the_newest_results_of_each_node_stay(runs: Runs) -> None:
    for _ in range(3):
        runs.execute("Ingest", (), ("Examples", "Rejects"))
    runs.execute("Statistics", (), ("Stats",))
    assert runs.going("retain.results=1") == {
        *("pipeline/Ingest/Examples/1", "pipeline/Ingest/Rejects/1"),
        *("pipeline/Ingest/Examples/2", "pipeline/Ingest/Rejects/2"),
    }
    assert runs.going("retain.results=2") == {
        "pipeline/Ingest/Examples/1",
        "pipeline/Ingest/Rejects/1",
    }
    assert runs.going("retain.results=3") == set()


def test_a_reused_result_is_as_new_as_its_latest_use(runs: Runs) -> None:
    first = runs.execute("Ingest", (), ("Examples",))
    runs.execute("Ingest", (), ("Examples",))
    for _ in range(3):
        runs.execute("Ingest", reused=tuple(first), state=Execution.CACHED)
    assert runs.going("retain.results=1") == {"pipeline/Ingest/Examples/2"}
    # And counts once, so that the second is still among the newest two.
    assert runs.going("retain.results=2") == set()


def test_what_the_newest_result_was_made_from_stays_with_all_of_its_kind(runs: Runs) -> None:
    first, _ = runs.execute("Ingest", (), ("Examples", "Rejects"))
    runs.execute("Trainer", (first,), ("Model",))
    runs.execute("Ingest", (), ("Examples", "Rejects"))  # Refused: nothing was trained on it.
    runs.execute("Ingest", (), ("Examples", "Rejects"))
    assert runs.going("retain.results=1") == {
        "pipeline/Ingest/Examples/3",
        "pipeline/Ingest/Rejects/3",
    }


def test_failed_attempts_are_no_results(runs: Runs) -> None:
    runs.execute("Ingest", (), ("Examples",))
    runs.execute("Ingest", (), ("Examples",), state=Execution.FAILED)
    runs.execute("Ingest", (), ("Examples",), state=Execution.RUNNING)
    assert "pipeline/Ingest/Examples/1" not in runs.going("retain.results=1")


def test_a_result_whose_files_are_gone_does_not_count(runs: Runs) -> None:
    runs.execute("Ingest", (), ("Examples",))
    (newest,) = runs.execute("Ingest", (), ("Examples",))
    runs.uri(newest).joinpath("content").unlink()
    runs.uri(newest).rmdir()
    assert runs.going("retain.results=1") == set()


def test_the_blessed_models_that_a_resolver_may_find_stay(runs: Runs) -> None:
    (examples,) = runs.execute("Ingest", (), ("Examples",))
    oldest = model(runs, examples, blessed=1)
    (other,) = runs.execute("Ingest", (), ("Examples",))
    blessed = [model(runs, other, blessed=1) for _ in range(3)]
    for _ in range(2):
        unblessed = model(runs, other, blessed=0)
    going = runs.going("retain.results=1")
    stay = [oldest, *blessed[-1:], unblessed]
    # oldest: a warm start on the newest Examples would begin with it. The newest model is not
    # blessed, so that no second blessed one is needed beside the last.
    for artifact in (*stay, *blessed[:-1]):
        path = str(runs.uri(artifact).relative_to(runs.inputs.output))
        assert (path in going) == (artifact not in stay), path


def test_the_blessed_model_before_the_current_one_stays(runs: Runs) -> None:
    (examples,) = runs.execute("Ingest", (), ("Examples",))
    models = [model(runs, examples, blessed=1) for _ in range(3)]
    going = runs.going("retain.results=1")
    paths = [str(runs.uri(one).relative_to(runs.inputs.output)) for one in models]
    assert [path in going for path in paths] == [True, False, False]


def test_other_pipelines_in_the_same_store_are_not_looked_at(tmp_path: Path) -> None:
    runs, others = Runs(tmp_path / "out"), Runs(tmp_path / "other", "pet_mood-2")
    for one in (runs, others):
        one.execute("Ingest", (), ("Examples",))
        one.execute("Ingest", (), ("Examples",))
    assert runs.going("retain.results=1") == {"pipeline/Ingest/Examples/1"}


@pytest.fixture
def pushes(runs: Runs) -> Runs:
    """Five pushed versions, 10 to 14."""
    for number in range(10, 15):
        version = runs.inputs.serving / str(number)
        version.mkdir(parents=True)
        (version / "saved_model.pb").touch()
        (pushed,) = runs.execute("Pusher", (), ("PushedModel",))
        runs.set_properties(pushed, pushed=1, pushed_destination=str(version))
    return runs


def versions(runs: Runs, *overrides: str, pins: Pins = NO_PINS) -> list[int]:
    """Returns the numbers of the versions that would go."""
    return [int(item.path.name) for item in runs.plan(*overrides, pins=pins).of(VERSION)]


def test_the_highest_versions_stay(pushes: Runs) -> None:
    assert versions(pushes) == []
    assert versions(pushes, "retain.results=1") == [10, 11, 12, 13]
    assert versions(pushes, "retain.results=2") == [10, 11, 12]
    assert versions(pushes, "retain.results=9") == []


def test_versions_that_a_server_or_a_setting_names_stay(pushes: Runs) -> None:
    pins = Pins(frozenset([10, 99]))
    assert versions(pushes, "retain.results=1", pins=pins) == [11, 12, 13]
    assert versions(pushes, "retain.results=1", pins=Pins(latest=3)) == [10, 11]
    assert versions(pushes, "retain.results=1", pins=Pins(all=True)) == []
    path = pushes.inputs.serving / "11"
    compared = f"evaluate.compare_with={path}"
    assert versions(pushes, "retain.results=1", compared) == [10, 12, 13]


def test_the_highest_whole_version_stays_below_a_broken_one(pushes: Runs) -> None:
    (pushes.inputs.serving / "14" / "saved_model.pb").unlink()
    assert versions(pushes, "retain.results=1") == [10, 11, 12]


def test_versions_that_no_run_has_pushed_and_links_stay(pushes: Runs, tmp_path: Path) -> None:
    (pushes.inputs.serving / "5").mkdir()
    (pushes.inputs.serving / "7").mkdir()
    entry = {"version": 7, "manifest_sha256": "0", "model": "m", "created": 1}
    pushed_versions.add_to_history(pushes.inputs.serving, entry)  # type: ignore[arg-type]
    (pushes.inputs.serving / "10").rename(tmp_path / "10")
    (pushes.inputs.serving / "10").symlink_to(tmp_path / "10")
    assert versions(pushes, "retain.results=1") == [7, 11, 12, 13]


def aged(path: Path, days: float) -> Path:
    """Makes a file of that age, and its folder if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * 7)
    for one in (path, path.parent):
        os.utime(one, (NOW - days * DAY, NOW - days * DAY))
    return path


def test_what_failed_attempts_left_goes_at_an_age(runs: Runs) -> None:
    runs.execute("Ingest", (), ("Examples",))
    for path, days in (
        ("pipeline/Ingest/unfinished/train-1.abc.partial.tfrecord", 8.0),
        ("pipeline/Ingest/unfinished/train-2.abc.partial.tfrecord", 6.0),
        ("pipeline/Trainer/unfinished/training-a/3/state.json", 8.0),
        ("pipeline/Trainer/unfinished/training-b/3/state.json", 1.0),
        ("pipeline/Trainer/Model/77/half", 8.0),  # No execution in ML Metadata has this number.
        ("pipeline/Trainer/Model/78/half", 1.0),
        ("pipeline/Trainer/.system/stateful_working_dir/x/y", 8.0),
        ("serving/pet_mood.partial/5/saved_model.pb", 8.0),
        ("run.json.partial", 8.0),
        # Nothing of a run's: they stay at any age.
        ("pipeline/Trainer/Model/notes/mine", 99.0),
        ("pipeline/mine", 99.0),
        ("mine", 99.0),
        ("serving/mine", 99.0),
        ("logs/old.log", 99.0),
    ):
        aged(runs.inputs.output / path, days)
    state = runs.inputs.artifacts / "Trainer" / "unfinished"
    for name, days in (("training-a", 8.0), ("training-b", 1.0)):
        os.utime(state / name, (NOW - days * DAY, NOW - days * DAY))
    os.utime(runs.inputs.serving.with_name("pet_mood.partial"), (NOW - 8 * DAY, NOW - 8 * DAY))
    assert runs.going() == {
        "pipeline/Ingest/unfinished/train-1.abc.partial.tfrecord",
        "pipeline/Trainer/unfinished/training-a",
        "pipeline/Trainer/Model/77",
        "pipeline/Trainer/.system/stateful_working_dir/x",
        "serving/pet_mood.partial",
        "run.json.partial",
    }
    assert {item.kind for item in runs.plan().items} == {LEFTOVER}
    assert {item.bytes for item in runs.plan().items} == {7}
    assert len(runs.going("retain.leftover_days=9")) == 0
    assert len(runs.going("retain.leftover_days=0.5")) == 9


def test_a_leftover_behind_a_link_stays(runs: Runs, tmp_path: Path) -> None:
    runs.execute("Ingest", (), ("Examples",))
    aged(tmp_path / "fast_disk" / "training-a", 99)
    (runs.inputs.artifacts / "Trainer").mkdir()
    (runs.inputs.artifacts / "Trainer" / "unfinished").symlink_to(tmp_path / "fast_disk")
    aged(tmp_path / "elsewhere", 99)
    (runs.inputs.output / "x.partial").symlink_to(tmp_path / "elsewhere")
    assert runs.going() == set()


def test_a_removal_that_was_broken_off_is_part_of_every_plan(runs: Runs) -> None:
    (first,) = runs.execute("Ingest", (), ("Examples",))
    (second,) = runs.execute("Ingest", (), ("Examples",))
    mark(runs.store, runs.store.get_artifacts_by_id([first, second]))
    runs.uri(second).joinpath("content").unlink()
    runs.uri(second).rmdir()
    aged(runs.inputs.serving.with_name("pet_mood.removed") / "5" / "saved_model.pb", 0)
    plan = runs.plan()
    assert {item.path for item in plan.items} == {
        runs.uri(first),
        runs.uri(second),
        runs.inputs.serving.with_name("pet_mood.removed"),
    }
    assert carry_out(plan, runs.store) == []
    states = [one.state for one in runs.store.get_artifacts()]
    assert states == [Artifact.DELETED] * 2
    assert not runs.uri(first).exists()
    assert runs.plan().items == ()


def test_what_cannot_be_removed_is_told_and_the_rest_goes(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, other, _ = (runs.execute("Ingest", (), ("Examples",))[0] for _ in range(3))
    remove = removal.files.remove

    def failing(path: Path) -> None:
        if path == runs.uri(stuck):
            raise PermissionError(13, "Permission denied", str(path))
        remove(path)

    monkeypatch.setattr(removal.files, "remove", failing)
    (error,) = carry_out(runs.plan("retain.results=1"), runs.store)
    assert str(runs.uri(stuck)) in str(error)
    assert not runs.uri(other).exists()
    states = [one.state for one in runs.store.get_artifacts_by_id([stuck, other])]
    assert states == [Artifact.MARKED_FOR_DELETION, Artifact.DELETED]
    monkeypatch.undo()
    assert carry_out(runs.plan(), runs.store) == []
    assert not runs.uri(stuck).exists()


def test_the_names_of_tfx_are_tfxs() -> None:
    tfx = importlib.util.find_spec("tfx")  # Its import takes 20 seconds.
    assert tfx is not None and tfx.origin is not None
    path = Path(tfx.origin).parent / "components" / "evaluator" / "constants.py"
    constants = path.read_text("utf-8")
    assert f"ARTIFACT_PROPERTY_BLESSED_KEY = '{artifacts.BLESSED}'" in constants
    assert f"ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY = '{artifacts.BLESSED_MODEL_ID}'" in constants
    assert f"\nBLESSED_VALUE = {artifacts.BLESSED_VALUE}" in constants
