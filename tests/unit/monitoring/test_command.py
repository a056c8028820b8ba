"""``monitor.py`` on a log as the gateway writes it and a run's files."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.evaluator import predictions_table as table
from gateway.log.files import write_file
from monitor import main
from monitoring.shadow import compared
from schemas import request_log as columns
from testing.monitoring.streams import MOODS, PRIOR, confusion_rates, draw

NOW = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)


def log_rows(stream: Any, version: int = 7, **more: Any) -> list[dict[str, Any]]:
    """Returns a stream as rows of the log."""
    rows = []
    for number in range(len(stream)):
        mood = int(stream.mood[number])
        none = bool(stream.shares["no_animal"][number])
        rows.append(
            dict.fromkeys(columns.COLUMNS)
            | {
                "time": NOW + datetime.timedelta(seconds=number),
                "version": version,
                "status": "no_animal" if none else "ok",
                "mood": "" if none else MOODS[mood],
                "unsure": None if none else bool(stream.shares["unsure"][number]),
                "probabilities": [] if none else stream.probabilities[number].tolist(),
                "moods": list(MOODS),
                "box": None if none else [0, 0, 9, 9],
            }
            | {
                name: None if none else float(values[number])
                for name, values in stream.facts.items()
            }
            | more
        )
    return rows


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output folder with the files of two evaluations; the newer one was not blessed."""
    folder = tmp_path_factory.mktemp("run")
    rng = np.random.default_rng(0)
    for number, blessed in ((3, True), (8, False)):
        predictions = folder / f"pipeline/Evaluator/predictions/{number}/predictions.parquet"
        metrics = folder / f"pipeline/Evaluator/evaluation/{number}/metrics.json"
        predictions.parent.mkdir(parents=True)
        metrics.parent.mkdir(parents=True)
        document = {"verdict": {"blessed": blessed}, "unsure": {"threshold": 0.5}}
        metrics.write_text(json.dumps(document))
        if blessed:
            _write_predictions(predictions, rng, 3000)
        else:
            predictions.write_bytes(b"never read")
    return folder


def _write_predictions(path: Path, rng: np.random.Generator, rows: int) -> None:
    stream = draw(rng, rows)
    true = rng.choice(len(MOODS), rows, p=PRIOR)
    predicted = (rng.random((rows, 1)) > confusion_rates()[true].cumsum(1)).sum(1).clip(0, 5)
    probabilities = np.full((rows, 6), 0.04, np.float32)
    # A fifth is unsure: 0.45 lies below the run's threshold of 0.5.
    probabilities[np.arange(rows), predicted] = np.where(rng.random(rows) < 0.2, 0.45, 0.8)
    facts = {n: np.where(np.isnan(v), 0.3, v).tolist() for n, v in stream.facts.items()}
    row_columns: dict[str, Any] = {
        **dict.fromkeys(table.ROW_COLUMNS, [None] * rows),
        **facts,
        table.LINE: list(range(2, rows + 2)),
        table.LABEL_INDEX: true.tolist(),
        table.SCORED: [True] * rows,
    }
    with table.Writer(str(path), MOODS, 2, [table.MODEL], rows) as writer:
        writer.add(row_columns, {table.MODEL: probabilities})


def write_log(folder: Path, rows: list[dict[str, Any]]) -> Path:
    for number, begin in enumerate(range(0, len(rows), 400)):
        write_file(folder, rows[begin : begin + 400], NOW + datetime.timedelta(hours=number))
    return folder


def drift(capsys: pytest.CaptureFixture[str], log: Path, *flags: str) -> tuple[int, Any]:
    code = main(["drift", "--log", str(log), "--json", *flags])
    out, errors = capsys.readouterr()
    return code, json.loads(out) if out else errors


def test_a_steady_log_ends_with_0_and_a_night_with_1(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(1)
    steady = write_log(tmp_path / "steady", log_rows(draw(rng, 1000)))
    code, found = drift(capsys, steady, "--run", str(run_folder))
    assert (code, found["verdict"], found["alarms"]) == (0, "steady", [])
    assert found["requests"] == 1000
    assert found["shares"]["unsure"]["reference"] == pytest.approx(0.2, abs=0.03)
    assert sum(each["prior"] for each in found["moods"].values()) == pytest.approx(1)
    low, high = found["estimated_interval"]
    assert low < found["macro_f1"] < high

    night = write_log(tmp_path / "night", log_rows(draw(rng, 600, "night")))
    code, found = drift(capsys, night, "--run", str(run_folder), "--out", str(tmp_path / "out"))
    assert (code, found["verdict"]) == (1, "drift")
    assert {alarm["test"] for alarm in found["alarms"]} >= {"brightness", "contrast"}
    assert json.loads((tmp_path / "out" / "drift.json").read_text("utf-8")) == found
    words = (tmp_path / "out" / "drift.md").read_text("utf-8")
    assert "**The requests have changed.**" in words
    assert "| brightness |" in words and "| 행복/즐거움 |" in words


def test_a_log_may_be_the_reference(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nights that were accepted once are no change; clean days after them are one."""
    rng = np.random.default_rng(2)
    accepted = write_log(tmp_path / "accepted", log_rows(draw(rng, 2000, "night")))
    again = write_log(tmp_path / "again", log_rows(draw(rng, 600, "night")))
    days = write_log(tmp_path / "days", log_rows(draw(rng, 600)))
    flags = ("--run", str(run_folder), "--reference", str(accepted))
    assert drift(capsys, again, *flags)[0] == 0
    code, found = drift(capsys, days, *flags)
    assert (code, "brightness" in {alarm["test"] for alarm in found["alarms"]}) == (1, True)
    assert found["reference_rows"] == 2000


def test_rows_of_other_versions_and_times_are_left_out(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(3)
    rows = log_rows(draw(rng, 100)) + log_rows(draw(rng, 60), 8)
    rows += log_rows(draw(rng, 5), None, status="not_an_image", mood="")  # type: ignore[arg-type]
    log = write_log(tmp_path / "log", rows)
    flags = ("--run", str(run_folder), "--version-number", "8")
    code, found = drift(capsys, log, *flags)
    # What the gateway has refused counts with every version.
    assert (code, found["verdict"], found["requests"]) == (3, "too_few", 65)
    assert found["shares"]["unusable"]["log"] == pytest.approx(5 / 65)
    _, found = drift(capsys, log, *flags, "--until", "2026-03-01T00:00:10")
    assert found["requests"] == 10 + 5
    _, found = drift(capsys, log, *flags, "--since", "2026-03-02")
    assert found["requests"] == 0


def test_old_answers_without_newer_outputs_are_read(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = log_rows(draw(np.random.default_rng(4), 500), unsure=None, status="ok", box=None)
    log = write_log(tmp_path / "log", [row for row in rows if row["mood"]])
    code, found = drift(capsys, log, "--run", str(run_folder))
    assert found["compared"] == 0  # Whole photos are not compared with boxes.
    assert any("have a mood and a box" in note for note in found["notes"])
    assert "unsure" not in found["shares"]
    assert code == 0


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--run", "/nowhere"], "--run must be the output folder"),
        ([], "Either --run or --predictions"),
        (["--predictions", "/nowhere"], "--predictions must be"),
        (["--run", "RUN", "--since", "yesterday"], "--since must be a time"),
        (["--run", "RUN", "--set", "drift.windows=3"], "Did you mean drift.window"),
        (["--run", "RUN", "--set", "drift.window=3"], "must lie in 50..100000"),
        (["--run", "RUN", "--log", "/nowhere"], "--log must be a folder"),
        (["--run", "RUN", "--out", "/dev/null/x"], "--out must be a folder"),
    ],
)
def test_wrong_flags_end_with_2_and_one_message(
    flags: list[str], words: str, run_folder: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    log = write_log(tmp_path / "log", log_rows(draw(np.random.default_rng(5), 3)))
    flags = [str(run_folder) if flag == "RUN" else flag for flag in flags]
    assert main(["drift", "--log", str(log), *flags]) == 2
    errors = capsys.readouterr().err
    assert words in errors
    assert "Traceback" not in errors


def test_a_log_of_another_models_moods_is_refused(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = log_rows(draw(np.random.default_rng(6), 3), mood="멍멍", status="ok")
    code, errors = drift(capsys, write_log(tmp_path / "log", rows), "--run", str(run_folder))
    assert code == 2
    assert "멍멍" in errors


def test_a_file_that_is_no_parquet_is_refused(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "requests-x.parquet").write_bytes(b"PAR1 no more")
    code, errors = drift(capsys, tmp_path, "--run", str(run_folder))
    assert (code, "must be a Parquet file" in errors) == (2, True)


def test_two_models_are_compared_on_logged_photos(tmp_path: Path) -> None:
    from client.backends.model import ModelInfo, Response
    from dataset.boxes import PixelBox
    from monitoring.shadow import _rows
    from testing.gateway.fake_upstream import PHOTO

    class Fixed:
        def __init__(self, source: str, answer: Callable[[Any], str]) -> None:
            self.info = ModelInfo(source, ("a", "b"), None)
            self._answer = answer

        def predict(self, pictures: Any, boxes: Any) -> list[Response]:
            name = self._answer(boxes)
            shares = {"a": 0.75, "b": 0.25} if name == "a" else {"a": 0.25, "b": 0.75}
            return [Response("ok", name, shares)] * len(pictures)

    row = dict.fromkeys(columns.COLUMNS) | {"request_id": "1", "photo": PHOTO}
    given = row | {"request_id": "2", "box": [0, 0, 9, 9], "box_source": "given"}
    found = row | {"request_id": "3", "box": [0, 0, 9, 9], "box_source": "found"}
    path = write_file(tmp_path, [row, given, found, row | {"photo": None}], NOW)
    logged = list(_rows(path))
    assert [one and one.box for one in logged] == [None, PixelBox(0, 0, 9, 9), None, None]
    first = Fixed("first", lambda boxes: "a")
    second = Fixed("second", lambda boxes: "b" if boxes else "a")
    document = compared(first, second, iter([one for one in logged if one]), 1)
    assert (document["photos"], document["without_photo"]) == (3, 1)
    assert document["agreement"] == pytest.approx(2 / 3)
    assert document["counts"] == [[2, 1, 0], [0, 0, 0], [0, 0, 0]]
    assert [each["request_id"] for each in document["disagreements"]] == ["2"]
    assert document["mean_difference"] == pytest.approx(0.5 / 3)
