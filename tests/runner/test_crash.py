"""kill -9 during ingest, training and push: the next run completes, nothing half is served."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from chain import run
from killing import kill_when, start

from components.pusher import executor
from components.pusher.executor import push_version
from models import curves

OFTEN = "train.backup_minutes=0.01"


def served(output: Path) -> list[Path]:
    """The versions that a polling server sees, each checked to be whole."""
    base = output / "serving" / "pet_mood"
    versions = [path for path in base.glob("*") if path.name.isdigit()]
    for version in versions:
        names = {path.name for path in version.rglob("*") if path.is_file()}
        assert {"saved_model.pb", "variables.index", "labels.json"} <= names
    return versions


def test_a_run_killed_in_ingest_and_in_training_goes_on(tmp_path, colours, pushed):
    output = tmp_path / "out"
    artifacts = output / "pipeline"

    def exists(pattern: str) -> Callable[[], bool]:
        return lambda: any(artifacts.glob(pattern))

    kill_when(start(output, colours), exists("PetExampleGen/unfinished/train-*.partial.tfrecord"))
    assert served(output) == []
    assert json.loads((output / "run.json").read_text("utf-8"))["exit"] is None

    # A backup within the third epoch, of 12 steps each, then a kill at whatever step follows.
    kill_when(start(output, colours, OFTEN), lambda: place_of(artifacts) > [2, 3], every=0.05)
    assert served(output) == []
    came_to = place_of(artifacts)
    assert [2, 3] < came_to < [3, 0]

    ended = run(output, *colours, OFTEN)
    assert ended.exit == 0
    assert [str(path) for path in served(output)] == [ended.record["pushed"]]
    nodes = ended.record["nodes"]
    assert nodes["PetExampleGen"]["cached"] and nodes["Transform"]["cached"]
    assert not nodes["Trainer"]["cached"]

    log = Path(ended.record["log"]).read_text("utf-8")
    assert f"Place(epoch={came_to[0]}, step={came_to[1]})" in log
    assert not (artifacts / "Trainer" / "unfinished").exists()
    told = [
        curves.read(str(each.artifact("Trainer", "model_run", "curves.csv").parent))
        for each in (ended, pushed)
    ]
    for row, uninterrupted in zip(*told, strict=True):
        assert drop_clock(row) == pytest.approx(drop_clock(uninterrupted), rel=0.02, abs=0.02)


def place_of(artifacts: Path) -> list[int]:
    """The epoch and step of the newest whole backup; before the first if there is none."""
    states = sorted(
        artifacts.glob("Trainer/unfinished/*/*/state.json"), key=lambda path: int(path.parent.name)
    )
    try:
        return list(json.loads(states[-1].read_text("utf-8"))["state"]["place"])
    except (IndexError, FileNotFoundError):  # An older one may go while it is looked for.
        return [0, 0]


def drop_clock(row: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in row.items() if name != "seconds"}


def test_a_run_killed_in_the_push_goes_on(colours, pushed):
    output = pushed.output
    version = Path(pushed.record["pushed"])
    shutil.rmtree(version)
    staging = output / "serving" / ("pet_mood" + executor.PARTIAL)
    kill_when(start(output, colours), lambda: any(staging.glob("*/*")))
    assert served(output) == []

    ended = run(output, *colours)
    assert (ended.exit, ended.record["pushed"]) == (0, str(version))
    assert served(output) == [version]
    assert not staging.exists()
    assert ended.record["nodes"]["Trainer"]["cached"]


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "model"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables" / "variables.index").write_bytes(b"index")
    return folder


def test_a_push_that_breaks_off_leaves_the_serving_folder_as_it_was(tmp_path, source, monkeypatch):
    base = tmp_path / "serving" / "pet_mood"
    push_version(source, base, "1")

    def half_a_copy(start: Path, target: Path) -> None:
        target.mkdir(parents=True)
        (target / "saved_model.pb").write_bytes(b"graph")
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copytree", half_a_copy)
        with pytest.raises(OSError, match="full"):
            push_version(source, base, "2")
    assert [path.name for path in base.iterdir()] == ["1"]

    push_version(source, base, "2")
    assert sorted(path.name for path in base.iterdir()) == ["1", "2"]
    assert (base / "2" / "variables" / "variables.index").read_bytes() == b"index"
    assert [path.name for path in base.parent.iterdir()] == ["pet_mood"]


def test_a_server_that_polls_never_sees_a_version_grow(tmp_path, source, monkeypatch):
    base = tmp_path / "serving" / "pet_mood"
    seen = []
    copy = shutil.copy2

    def slow_copy(*arguments, **options):
        seen.append(sorted(path.name for path in base.glob("*")))
        return copy(*arguments, **options)

    monkeypatch.setattr(shutil.copytree, "__defaults__", (False, None, slow_copy, False, False))
    push_version(source, base, "7")
    assert seen == [[], []]
    assert sorted(p.name for p in (base / "7").iterdir()) == ["saved_model.pb", "variables"]


def test_a_version_that_is_there_is_not_touched(tmp_path, source):
    base = tmp_path / "serving" / "pet_mood"
    push_version(source, base, "1")
    before = (base / "1").stat().st_mtime_ns
    push_version(source, base, "1")
    assert (base / "1").stat().st_mtime_ns == before
