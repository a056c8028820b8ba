"""The row that the summary offers to try the model on."""

from pathlib import Path

from dataset.boxes import PixelBox
from pipeline.run_inputs import RunInputs
from runner.example_row import ExampleRow, first_used_row

HEADER = "image_path,bbox,labels\n"


def inputs(train: Path, evaluation: Path | None = None, root: Path | None = None) -> RunInputs:
    return RunInputs(train, evaluation, root, ("공포", "편안/안정"), train.parent / "out")


def test_the_first_row_that_was_not_refused_is_taken(tmp_path: Path) -> None:
    train, evaluation = tmp_path / "train.csv", tmp_path / "val.csv"
    train.write_text(HEADER + 'a.jpg,"1,2,30,40",공포\n', encoding="utf-8")
    evaluation.write_text(
        HEADER + 'x.jpg,"0,0,0,0",공포\ny.jpg,"1, 2,30,40",편안/안정\n', encoding="utf-8"
    )
    rejects = tmp_path / "rejects.csv"
    rejects.write_text(
        "split,source,line,image,reason,detail\n"
        f"train,{train},3,a.jpg,box_empty,\n"
        f"eval,{evaluation},2,x.jpg,box_empty,\n"
    )
    row = first_used_row(inputs(train, evaluation), rejects)
    assert row == ExampleRow(tmp_path / "y.jpg", PixelBox(1, 2, 30, 40), "편안/안정")


def test_a_single_csv_serves_too_and_the_image_root_counts(tmp_path: Path) -> None:
    train = tmp_path / "train.csv"
    train.write_text(HEADER + 'a.jpg,"1,2,30,40",공포\n', encoding="utf-8")
    row = first_used_row(inputs(train, root=Path("/photos")), None)
    assert row is not None
    assert row.image == Path("/photos/a.jpg")


def test_where_every_row_was_refused_there_is_none(tmp_path: Path) -> None:
    train, rejects = tmp_path / "train.csv", tmp_path / "rejects.csv"
    train.write_text(HEADER + 'x.jpg,"0,0,0,0",공포\n', encoding="utf-8")
    rejects.write_text(f"split,source,line,image,reason,detail\ntrain,{train},2,x.jpg,box_empty,\n")
    assert first_used_row(inputs(train), rejects) is None
