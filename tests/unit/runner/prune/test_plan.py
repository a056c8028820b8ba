"""Versions, exports and documents of runs that would be removed."""

import json
from pathlib import Path
from typing import Any

import pytest

from report.overview import history
from runner.prune.plan import EXPORTS, RECORD, VERSION
from runner.prune.removal import carry_out
from runner.prune.served import Pins
from system import pushed_versions
from testing.pipeline.recorded_runs import NO_PINS, Runs


@pytest.fixture
def pushes(runs: Runs) -> Runs:
    """Five pushed versions, 10 to 14."""
    for number in range(10, 15):
        runs.push(number)
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


def export(runs: Runs, number: int) -> Path:
    """Makes the exports of a version."""
    folder = runs.inputs.output / "exports" / "pet_mood" / str(number) / "onnx"
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"x" * 5)
    return folder.parent


def exports(runs: Runs, *overrides: str, pins: Pins = NO_PINS) -> list[int]:
    """Returns the numbers of the versions whose exports would go."""
    return [int(item.path.name) for item in runs.plan(*overrides, pins=pins).of(EXPORTS)]


def test_exports_go_with_their_version_and_not_before(pushes: Runs) -> None:
    for number in (5, *range(10, 15)):  # No run has pushed 5.
        export(pushes, number)
    assert exports(pushes) == []
    assert exports(pushes, "retain.results=1") == [10, 11, 12, 13]
    assert exports(pushes, "retain.results=3") == [10, 11]
    # Version 11 is served: neither it nor its exports go.
    assert exports(pushes, "retain.results=1", pins=Pins(frozenset([11]))) == [10, 12, 13]
    assert exports(pushes, "retain.results=1", pins=Pins(all=True)) == []
    assert carry_out(pushes.plan("retain.results=1"), pushes.store) == []
    left = (pushes.inputs.output / "exports" / "pet_mood").iterdir()
    assert sorted(path.name for path in left) == ["14", "5"]


def test_exports_of_a_version_that_was_removed_before_go(pushes: Runs) -> None:
    assert carry_out(pushes.plan("retain.results=2"), pushes.store) == []
    made = export(pushes, 10)
    assert exports(pushes, "retain.results=2") == [10]
    # So does what a killed removal has put aside.
    made.with_name("10.removed").mkdir()
    made.with_name("mine.removed").mkdir()
    assert pushes.going("retain.results=1") >= {"exports/pet_mood/10.removed"}
    assert "exports/pet_mood/mine.removed" not in pushes.going("retain.results=1")


def test_no_exports_go_while_the_serving_folder_is_away(pushes: Runs, tmp_path: Path) -> None:
    for number in range(10, 15):
        export(pushes, number)
    pushes.inputs.serving.rename(tmp_path / "unmounted")
    assert exports(pushes, "retain.results=1") == []


def record(runs: Runs, number: int, pushed: int | None = None, **more: Any) -> str:
    """Writes a run's document of the minute ``number``; returns its name."""
    folder = runs.inputs.output / history.FOLDER
    folder.mkdir(exist_ok=True)
    name = f"20260101-{number // 60:02}{number % 60:02}00.json"
    version = None if pushed is None else str(runs.inputs.serving / str(pushed))
    document = {"record": {"pushed": version}, "metrics": None, **more}
    (folder / name).write_text(json.dumps(document))
    return name


def test_documents_of_runs_beyond_the_trend_go(pushes: Runs) -> None:
    """The trend reads the newest 48 documents at most."""
    blessed = {"metrics": {"verdict": {"blessed": True}}}
    last_blessed = record(pushes, 4, **blessed)
    names = [
        record(pushes, 0, 10),
        record(pushes, 1, 11),  # Version 11 stays, and a newer document tells of it.
        record(pushes, 2, 11),
        record(pushes, 3, **blessed),
        last_blessed,
        *(record(pushes, number) for number in range(5, 54)),
    ]
    folder = pushes.inputs.output / history.FOLDER
    (folder / names[5]).write_text("no document")
    (folder / "mine.json").write_text("{}")
    pins = Pins(frozenset([11]))
    assert pushes.plan().of(RECORD) == []
    going = [item.path.name for item in pushes.plan("retain.results=1", pins=pins).of(RECORD)]
    assert going == [names[0], names[1], names[3], names[5]]
    # Here version 10 stays too.
    (item,) = pushes.plan("retain.results=52").of(RECORD)
    assert item.path.name == names[1]
    assert pushes.plan("retain.results=54").of(RECORD) == []
    assert carry_out(pushes.plan("retain.results=1", pins=pins), pushes.store) == []
    left = {path.name for path in folder.iterdir()}
    assert left == {*names, "mine.json"} - set(going)
