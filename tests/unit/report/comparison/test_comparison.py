"""Runs side by side, with differences worked out by hand."""

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from report.comparison.comparison import compare
from report.comparison.run_files import read_runs
from schemas.documents.comparison import Comparison
from schemas.errors import ConfigError
from testing.models.prediction_tables import Row, clips_of
from testing.report.compared import write_run

GOOD = [*clips_of("a", 8, 4, "b"), *clips_of("b", 8, 4, "a"), *clips_of("c", 8, 4, "a")]
"""24 clips of four frames, all of them right."""


def worse(rows: list[Row]) -> list[Row]:
    """The same rows, where every frame of c is taken for a."""
    return [row._replace(predicted="a") if row.mood == "c" else row for row in rows]


def compared(*folders: Path) -> Comparison:
    return compare(read_runs(folders))


def test_the_same_rows_are_compared_in_pairs(tmp_path: Path) -> None:
    first = write_run(tmp_path / "first", GOOD)
    second = write_run(tmp_path / "second", worse(GOOD), epochs=7)
    comparison = compared(first, second)
    assert (comparison["row_by_row"], comparison["why_not"]) == (True, "")
    (difference,) = comparison["differences"]
    assert (difference["run"], difference["reference"]) == ("second", "first")
    assert (difference["rows"], difference["units"], difference["of"]) == (96, 24, "clips")
    # A third of the rows is wrong now. F1 of a: 2 * 32 / (64 + 32) = 2/3, of b 1, of c 0: mean 5/9.
    assert difference["scores"]["accuracy"]["value"] == pytest.approx(-1 / 3)
    assert difference["scores"]["macro_f1"]["value"] == pytest.approx(-4 / 9)
    low, high = difference["scores"]["macro_f1"]["interval"] or (0, 0)
    assert low < -4 / 9 < high < 0
    by_mood = difference["f1_by_mood"]
    assert by_mood["b"] == {"value": 0, "interval": [0, 0]}
    assert by_mood["c"] == {"value": -1, "interval": [-1, -1]}
    assert comparison["settings"] == {"train.epochs": [20, 7]}
    assert comparison["data"] == comparison["versions"] == {}


def test_the_order_of_the_rows_and_a_moved_folder_do_not_matter(tmp_path: Path) -> None:
    first = write_run(tmp_path / "first", GOOD)
    second = write_run(tmp_path / "second", worse(GOOD))
    (expected,) = compared(first, second)["differences"]
    table = pq.read_table(second / "predictions.parquet")
    order = random.Random(3).sample(range(len(table)), len(table))
    pq.write_table(table.take(pa.array(order)), second / "predictions.parquet")
    shutil.move(second, tmp_path / "moved")
    (moved,) = compared(first, tmp_path / "moved")["differences"]
    assert {**moved, "run": ""} == {**expected, "run": ""}


def test_a_model_with_itself_differs_in_nothing(tmp_path: Path) -> None:
    first = write_run(tmp_path / "first", GOOD)
    (difference,) = compared(first, first)["differences"]
    assert (difference["reference"], difference["run"]) == ("1 first", "2 first")
    assert {record["value"] for record in difference["scores"].values()} == {0}


def test_animals_are_the_units_where_they_are_known(tmp_path: Path) -> None:
    grouped = [row._replace(group=f"animal {row.clip[2]}") for row in GOOD]
    (difference,) = compared(
        write_run(tmp_path / "first", grouped), write_run(tmp_path / "second", worse(grouped))
    )["differences"]
    assert (difference["units"], difference["of"]) == (8, "groups")


def test_other_rows_are_not_compared_row_by_row(tmp_path: Path) -> None:
    first = write_run(tmp_path / "first", GOOD)
    comparison = compared(first, write_run(tmp_path / "second", GOOD[:-4]))
    assert not comparison["row_by_row"] and comparison["differences"] == []
    assert comparison["why_not"] == (
        "the eval rows differ: 96 and 92 rows judged the models, and 92 of the first run's are "
        "among the other's"
    )


def test_a_changed_label_is_another_row(tmp_path: Path) -> None:
    other = [GOOD[0]._replace(mood="b"), *GOOD[1:]]
    comparison = compared(
        write_run(tmp_path / "first", GOOD), write_run(tmp_path / "second", other)
    )
    assert "95 of the first run's" in comparison["why_not"]


def test_a_run_without_predictions_is_compared_by_its_record(tmp_path: Path) -> None:
    first = write_run(tmp_path / "first", GOOD)
    second = write_run(tmp_path / "second", GOOD)
    (second / "predictions.parquet").unlink()
    comparison = compared(first, second)
    assert comparison["why_not"] == ("second has no table of predictions, or it is no longer there")
    assert [run["scores"] is not None for run in comparison["runs"]] == [True, True]


def test_data_and_hashes_that_differ_are_named(tmp_path: Path) -> None:
    first = write_run(tmp_path / "first", GOOD)
    second = write_run(tmp_path / "second", GOOD)
    for folder, used, digest in ((first, 93, "aa"), (second, 90, "bb")):
        document = json.loads((folder / "run.json").read_text("utf-8"))
        document["csvs"] = {"train": {"path": "t.csv", "sha256": digest, "bytes": 5}}
        refused = {"box_empty": 93 - used, "blurred": None}
        document["rows"] = {"train": {"used": used, "refused": refused, "moods": {"a": used}}}
        (folder / "run.json").write_text(json.dumps(document), "utf-8")
    comparison = compared(first / "run.json", second / "run.json")
    assert comparison["row_by_row"]
    assert comparison["data"] == {
        "train: SHA-256": ["aa", "bb"],
        "train: rows used": [93, 90],
        "train: rows refused": [0, 3],
        "train: a": [93, 90],
        "train: refused, box_empty": [None, 3],
    }


@pytest.mark.parametrize("name", ["run.json", "report.json"])
def test_each_document_of_a_run_is_taken(tmp_path: Path, name: str) -> None:
    first = write_run(tmp_path / "first", GOOD)
    comparison = compared(first, first / name)
    assert comparison["row_by_row"]
    assert comparison["runs"][0]["scores"] == comparison["runs"][1]["scores"]


def test_a_document_in_the_folder_of_earlier_runs_is_named_by_its_time(tmp_path: Path) -> None:
    first = write_run(tmp_path / "first", GOOD)
    (first / "runs").mkdir()
    earlier = shutil.copy(first / "report.json", first / "runs" / "20261123-061500.json")
    comparison = compared(Path(earlier), first)
    assert [run["name"] for run in comparison["runs"]] == ["20261123-061500", "first"]
    assert comparison["row_by_row"]


def test_a_report_of_an_earlier_run_is_not_taken_for_that_of_the_record(tmp_path: Path) -> None:
    first = write_run(tmp_path / "first", GOOD)
    killed = write_run(tmp_path / "killed", GOOD)
    document = json.loads((killed / "run.json").read_text("utf-8"))
    document |= {"started": "2026-11-24T06:15:00+00:00", "exit": None, "metrics_json": None}
    (killed / "run.json").write_text(json.dumps(document), "utf-8")
    run = compared(first, killed)["runs"][1]
    assert (run["ending"], run["scores"]) == ("failed", None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "is not there"),
        ("{", "cannot be read"),
        ("[1]", "no document of a run"),
        ('{"exit": 0}', "no document of a run"),
        (
            '{"ending": "pushed", "record": {"exit": 0, "started": "", "nodes": {}}, '
            '"metrics": {"rows": 1}}',
            "another version",
        ),
    ],
)
def test_what_is_no_run_is_refused(tmp_path: Path, text: str | None, told: str) -> None:
    first = write_run(tmp_path / "first", GOOD)
    if text is not None:
        (tmp_path / "x.json").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=told):
        read_runs([first, tmp_path / "x.json"])


def test_one_run_is_no_comparison(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"two runs or more\. Received: 1"):
        read_runs([tmp_path])


def test_a_table_that_is_broken_is_an_error_of_its_own(tmp_path: Path) -> None:
    first = write_run(tmp_path / "first", GOOD)
    second = write_run(tmp_path / "second", GOOD)
    (second / "predictions.parquet").write_bytes(b"no table")
    with pytest.raises(ConfigError, match="table that its Evaluator wrote"):
        compared(first, second)


@pytest.mark.parametrize(
    ("document", "change"),
    [
        ("run.json", {"exit": []}),
        ("run.json", {"settings": 5}),
        ("run.json", {"settings": {"a": [1]}, "versions": "x"}),
        ("run.json", {"predictions": 5}),
        ("run.json", {"predictions": {}}),
        ("run.json", {"log": 5, "predictions": "nowhere"}),
        ("run.json", {"metrics": {"model": 5}, "metrics_json": None}),
        ("metrics.json", {"model": {"intervals": 5}}),
        ("metrics.json", {"model": None}),
    ],
    ids=str,
)
def test_an_altered_document_is_refused_or_read_past(
    document: str, change: dict[str, Any], tmp_path: Path
) -> None:
    first, second = (write_run(tmp_path / name, GOOD) for name in ("first", "second"))
    (path,) = second.rglob(document)
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change), "utf-8")
    try:
        compared(first, second)
    except ConfigError as error:
        assert "RUN must" in str(error) or "scores of a run" in str(error)


def test_a_document_nested_without_end_is_refused(tmp_path: Path) -> None:
    first, second = (write_run(tmp_path / name, GOOD) for name in ("first", "second"))
    (second / "run.json").write_text("[" * 100_000)
    with pytest.raises(ConfigError, match="nested too deeply"):
        compared(first, second)
