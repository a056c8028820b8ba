"""``monitor.py`` on a log as the gateway writes it and a run's files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor import main
from testing.monitoring.logs import log_rows, write_log, write_run
from testing.monitoring.streams import draw


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("run"))


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
    assert found["over_time"][-1]["request"] == 600
    assert "brightness" in found["over_time"][-1]["failed"]
    assert 0 < found["over_time"][0]["estimated_macro_f1"] < 1
    page = (tmp_path / "out" / "drift.html").read_text("utf-8")
    assert "The requests have changed." in page and "요청이 달라졌습니다." in page


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
    rows += log_rows(draw(rng, 5), None, status="not_an_image", mood="")
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


def test_names_of_moods_and_folders_are_harmless_wherever_they_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They come from a label map and a path of somebody else."""
    moods = ("<script>alert(1)</script>", "{{ 7 * 7 }}", "$\\frac{$", "a|b\nc")
    moods += ("\x1b[2J", "\u202egnp")
    run = write_run(tmp_path / "run", moods)
    rng = np.random.default_rng(7)
    accepted = write_log(tmp_path / "<img src=x>", log_rows(draw(rng, 400), moods=moods))
    log = write_log(tmp_path / "log", log_rows(draw(rng, 300, "prior"), moods=moods))
    flags = ["--log", str(log), "--run", str(run), "--reference", str(accepted)]
    assert main(["drift", *flags, "--set", "drift.false_alarms=0.4"]) in (0, 1)
    out = capsys.readouterr().out
    page = (log / "drift.html").read_text("utf-8")
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<img" not in page and "&lt;img src=x&gt;" in page
    assert "{{ 7 * 7 }}" in page
    for text in (page, out, (log / "drift.md").read_text("utf-8")):
        assert "\x1b" not in text and "\u202e" not in text
    rows = [line for line in out.splitlines() if line.startswith("| a")]
    assert rows and all("a\\|b\\nc |" in row for row in rows)


def lie_about(column: str, values: Any, kind: Any = None) -> Any:
    """Returns what puts other values into a column of a log's file."""

    def lie(table: pa.Table) -> pa.Table:
        array = pa.array([values] * len(table), kind)
        return table.set_column(table.column_names.index(column), column, array)

    return lie


@pytest.mark.parametrize(
    "lie",
    [
        lie_about("time", "2026"),
        lie_about("time", None, pa.timestamp("us", "UTC")),
        lie_about("time", -1, pa.timestamp("us", "UTC")),
        lie_about("time", 2**62, pa.timestamp("us", "UTC")),
        lie_about("brightness", "dark"),
        lie_about("mood", 5),
        lie_about("mood", "no such mood"),
        lie_about("unsure", "yes"),
        lie_about("probabilities", ["a"]),
        lie_about("version", 1.5),
        lambda table: table.append_column("mood", table.column("mood")),
        lambda table: table.drop(["box"]),
    ],
)
def test_an_altered_log_is_refused(
    lie: Any, run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = write_log(tmp_path, log_rows(draw(np.random.default_rng(5), 60)))
    (file,) = log.iterdir()
    pq.write_table(lie(pq.read_table(file)), file)
    code, told = drift(capsys, log, "--run", str(run_folder))
    assert code == 2
    assert told.startswith("error: ") and "Traceback" not in told


def test_numbers_that_are_none_are_not_known(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = log_rows(draw(np.random.default_rng(6), 600))
    for number, row in enumerate(rows):
        if number % 2:
            row |= {"brightness": float("inf"), "probabilities": [float("nan")] * 6}
    log = write_log(tmp_path, rows)
    code, found = drift(capsys, log, "--run", str(run_folder))
    assert code in (0, 1)
    # JSON has no NaN and no infinity.
    json.dumps(found, allow_nan=False)
    assert max(found["facts"]["brightness"]["log"]) <= 1


@pytest.mark.parametrize(
    "lie",
    [
        lie_about("label_index", 99),
        lie_about("label_index", -1),
        lie_about("label_index", "x"),
        lie_about("judged", "x"),
        lie_about("brightness", "x"),
        lie_about("probabilities", [0.5]),
        lie_about("probabilities", None, pa.list_(pa.float32())),
        lambda table: table.replace_schema_metadata({b"moods": b"[1, 2]", b"majority": b"1"}),
        lambda table: table.replace_schema_metadata({b"moods": b"[" * 5000}),
    ],
)
def test_an_altered_table_of_predictions_is_refused(
    lie: Any, run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = write_log(tmp_path / "log", log_rows(draw(np.random.default_rng(5), 60)))
    (table,) = run_folder.glob("pipeline/Evaluator/predictions/3/*.parquet")
    pq.write_table(lie(pq.read_table(table)), tmp_path / "p.parquet")
    code, told = drift(capsys, log, "--predictions", str(tmp_path / "p.parquet"))
    assert code == 2
    assert "predictions.parquet" in told
