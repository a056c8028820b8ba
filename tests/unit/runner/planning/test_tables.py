"""Tables judged without a pixel."""

import dataclasses
from pathlib import Path

from dataset.settings import DataSettings
from pipeline.config import Settings
from pipeline.run_inputs import RunInputs
from runner.planning import tables
from schemas.labels import DEFAULT_MOODS

ANGRY, FEARFUL = DEFAULT_MOODS[:2]
BOX = '"1,2,30,40"'


def inputs(folder: Path, train: str, evaluation: str | None = None) -> RunInputs:
    header = "image_path,bbox,labels,clip,group\n"
    (folder / "train.csv").write_text(header + train, "utf-8")
    if evaluation is not None:
        (folder / "val.csv").write_text(header + evaluation, "utf-8")
    return RunInputs(
        train_csv=folder / "train.csv",
        eval_csv=folder / "val.csv" if evaluation is not None else None,
        image_root=None,
        moods=DEFAULT_MOODS,
        output=folder / "out",
    )


def test_rows_are_counted_by_what_shows_without_a_pixel(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    rows = [
        f"a.jpg,{BOX},{ANGRY},c1,g1",
        f"a.jpg,{BOX},{FEARFUL},c1,g1",  # The same box again.
        f'a.jpg,"1,2,30,41",{FEARFUL},c2,',
        f"a.jpg,{BOX},sleepy,c3,",
        f'a.jpg,"1,2,30",{ANGRY},c3,',
        f'a.jpg,"1,2,-3,4",{ANGRY},c3,',
        f'a.jpg,"1,2,0,4",{ANGRY},c3,',
        f"absent.jpg,{BOX},{ANGRY},c3,",
        f"a.jpg,1,2,30,40,{ANGRY},c3,",
    ]
    (table,) = tables.judged(inputs(tmp_path, "\n".join(rows)))
    assert (table["rows"], table["usable"]) == (9, 2)
    assert table["faults"] == {
        "unknown_label": 1,
        "box_malformed": 1,
        "box_negative": 1,
        "box_empty": 1,
        "image_missing": 1,
        "row_malformed": 1,
        "duplicate_row": 1,
    }
    assert (table["clips"], table["animals"]) == (4, 1)  # The last row's cells are shifted.
    assert table["moods"][ANGRY] == 1


def test_a_table_that_would_be_refused_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    settings = Settings()
    given = inputs(tmp_path, f"a.jpg,{BOX},{ANGRY},,\nb.jpg,{BOX},{ANGRY},,\n")
    judged = list(tables.judged(given))
    (problem,) = tables.problems(settings, judged, [])
    assert problem.startswith("50.0% of the rows of")
    lenient = dataclasses.replace(settings, data=DataSettings(max_reject_fraction=0.5))
    assert not list(tables.problems(lenient, judged, []))
    (problem,) = tables.problems(settings, list(tables.judged(inputs(tmp_path, ""))), [])
    assert "has no usable row" in problem


def test_what_two_tables_share_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    row = f"a.jpg,{BOX},{ANGRY},clip,animal\n"
    judged = list(tables.judged(inputs(tmp_path, row, row)))
    (pair,) = tables.shared(Settings(), judged)
    assert (pair["clips"], pair["animals"]) == (1, 1)
    found = list(tables.problems(Settings(), judged, [pair]))
    assert [problem.split(" are in ")[0] for problem in found] == ["1 clips", "1 animals"]
