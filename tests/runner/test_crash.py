"""kill -9 during ingest, training and push: the next run completes, nothing half is served."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from components.pusher import versions
from models.training import curves
from pipeline.nodes import TRAINER
from testing.pipeline.killing import kill_when, kill_while, start
from testing.pipeline.runs import FAST, newest, record_of, run, run_data_stage

OFTEN = "train.backup_minutes=0.001"


def served(output: Path) -> list[Path]:
    """The versions that a polling server sees, each checked to be whole."""
    base = output / "serving" / "pet_mood"
    versions = [path for path in base.glob("*") if path.name.isdigit()]
    for version in versions:
        names = {path.name for path in version.rglob("*") if path.is_file()}
        assert {"saved_model.pb", "variables.index", "labels.json"} <= names
    return versions


def test_a_run_killed_in_ingest_and_in_training_goes_on(tmp_path, colours, small):
    output = tmp_path / "out"
    artifacts = output / "pipeline"

    def exists(pattern: str) -> Callable[[], bool]:
        return lambda: any(artifacts.glob(pattern))

    kill_when(start(output, colours), exists("PetExampleGen/unfinished/train-*.partial.tfrecord"))
    assert served(output) == []
    assert record_of(output)["exit"] is None

    def within_an_epoch() -> bool:
        epoch, step = place_of(artifacts)
        return 2 <= epoch < 5 and 3 < step < 12

    # A backup within the third epoch, or a later one, then a kill at whatever step follows.
    kill_while(start(output, colours, OFTEN), within_an_epoch)
    assert served(output) == []
    came_to = place_of(artifacts)
    assert within_an_epoch()

    ended = run(output, *colours, OFTEN)
    assert ended.exit == 0
    assert [str(path) for path in served(output)] == [ended.record["pushed"]]
    nodes = ended.record["nodes"]
    assert nodes["PetExampleGen"]["cached"] and nodes["Transform"]["cached"]
    assert not nodes["Trainer"]["cached"]

    log = Path(ended.record["log"]).read_text("utf-8")
    assert f"TrainingPosition(epoch={came_to[0]}, step={came_to[1]})" in log
    assert not (artifacts / "Trainer" / "unfinished").exists()
    told = curves_of(output)
    # The same training anew, on the same Examples.
    run_data_stage(output, *colours, *FAST, "train.backup_minutes=0", last_node=TRAINER)
    assert len(list(artifacts.glob("Trainer/model/*"))) == 2
    assert len(list(artifacts.glob("Transform/transform_graph/*"))) == 1
    for row, uninterrupted in zip(told, curves_of(output), strict=True):
        assert drop_clock(row) == pytest.approx(drop_clock(uninterrupted), rel=0.02, abs=0.02)


def curves_of(output: Path) -> list[dict[str, float]]:
    return curves.read(str(newest(output, "Trainer/model_run/*/curves.csv").parent))


def place_of(artifacts: Path) -> list[int]:
    """The epoch and step of the newest whole backup; before the first if there is none."""
    found = artifacts.glob("Trainer/unfinished/*/*/state.json")
    whole = [path for path in found if path.parent.name.isdigit()]
    states = sorted(whole, key=lambda path: int(path.parent.name))
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
    staging = output / "serving" / ("pet_mood" + versions.PARTIAL)
    kill_when(start(output, colours), lambda: any(staging.glob("*/*")))
    assert served(output) == []

    ended = run(output, *colours)
    assert (ended.exit, ended.record["pushed"]) == (0, str(version))
    assert served(output) == [version]
    assert not staging.exists()
    assert (version / "assets.extra" / "tf_serving_warmup_requests").is_file()
    assert ended.record["nodes"]["Trainer"]["cached"]
