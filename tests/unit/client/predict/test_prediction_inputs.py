"""The rows of a CSV become inputs, also the unusable ones."""

import os
from pathlib import Path

import pytest

from client.predict.prediction_inputs import (
    InputFault,
    PredictionInput,
    check_csv,
    inputs_from_csv,
    inputs_from_paths,
)
from dataset.boxes import PixelBox
from schemas.errors import ConfigError


def read(folder: Path, content: str | bytes, bbox: str = "") -> list[PredictionInput]:
    path = folder / "list.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [*inputs_from_csv(path, bbox)]


def error(one: PredictionInput) -> str | None:
    return one.fault.error if one.fault else None


def test_the_ingests_own_csv_is_taken(tmp_path: Path) -> None:
    text = (
        "\ufeffimage_path, bbox ,labels\r\n"
        'a.jpg,"1, 2,30,40",행복/즐거움\r\n/b.jpg,"0,0,5,6",공포\r\n'
    )
    first, second = read(tmp_path, text)
    assert first == PredictionInput(
        "a.jpg", str(tmp_path / "a.jpg"), PixelBox(1, 2, 30, 40), bbox="1, 2,30,40"
    )
    assert (second.path, second.box) == ("/b.jpg", PixelBox(0, 0, 5, 6))


def test_columns_may_stand_in_any_order_and_a_box_may_be_missing(tmp_path: Path) -> None:
    rows = read(tmp_path, 'clip,bbox,image_path\nx,,a.jpg\n\ny,"1,2,3,4",b.jpg\n')
    assert [row.box for row in rows] == [None, PixelBox(1, 2, 3, 4)]
    assert [row.box for row in read(tmp_path, "image_path\na.jpg\n")] == [None]


def test_the_flags_box_is_for_rows_without_one(tmp_path: Path) -> None:
    rows = read(tmp_path, 'image_path,bbox\na.jpg,\nb.jpg,"1,2,3,4"\n', "5,6,7,8")
    assert [row.box for row in rows] == [PixelBox(5, 6, 7, 8), PixelBox(1, 2, 3, 4)]
    assert rows[0].bbox == "5,6,7,8"


def test_every_bad_row_is_an_input_with_a_fault(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        "image_path,bbox\na.jpg\n"
        ',"0,0,1,1"\nb.jpg,"1,2,3"\nc.jpg,"0,0,-1,1"\nd.jpg,"0,0,0,1"\ne.jpg,0,0,1,1\n'
        'nul\0.jpg,"0,0,1,1"\nf.jpg,"0,0,1,1"\n',
    )
    assert [error(row) for row in rows] == [
        "row_malformed", "image_missing", "box_malformed", "box_negative", "box_empty",
        "row_malformed", "row_malformed", None,
    ]  # fmt: skip
    assert rows[0].fault == InputFault("row_malformed", "line 2: it has 1 cells, the header has 2")
    assert rows[5].fault == InputFault(
        "row_malformed", "line 7: it has 5 cells, the header has 2. Is the box in quotes?"
    )
    assert rows[6].fault == InputFault("row_malformed", "line 8: it has a NUL byte")
    assert (rows[0].image, rows[3].image, rows[3].bbox) == ("a.jpg", "c.jpg", "0,0,-1,1")


def test_a_files_name_that_is_not_utf_8_is_kept(tmp_path: Path) -> None:
    name = "고양이.jpg".encode("cp949")
    path = os.fsencode(tmp_path) + b"/" + name
    with open(path, "wb"):
        pass
    (one,) = read(tmp_path, b"image_path\n" + name + b"\n")
    assert (os.fsencode(one.path), one.fault) == (path, None)
    check_csv(tmp_path / "list.csv")


def test_a_list_in_another_encoding_is_told_before_the_model_is_loaded(tmp_path: Path) -> None:
    content = 'image_path,bbox\na.jpg,\n고양이.jpg,"1,2,3,4"\n'.encode("cp949")
    sound, other = read(tmp_path, content)
    assert (sound.fault, error(other)) == (None, "row_malformed")
    with pytest.raises(ConfigError, match=r"is not UTF-8 \(line 3\).*CP949"):
        check_csv(tmp_path / "list.csv")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"image,bbox\na.jpg,\n", "lacks the column image_path.*Rename 'image'"),
        (b"image_path,image_path\n", "names the column image_path twice"),
        (b"image_path,bbox,bbox\n", "names the column bbox twice"),
        (b"image_path;bbox\n", "save the table with commas"),
        ("image_path\na.jpg\n".encode("utf-16"), "is not UTF-8"),
    ],
)
def test_a_csv_without_its_column_is_an_error(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        check_csv(path)


def test_a_missing_csv_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--csv must name a file"):
        check_csv(tmp_path / "none.csv")


def test_names_share_the_flags_box() -> None:
    assert [*inputs_from_paths(["a", "b"])] == [
        PredictionInput("a", "a"),
        PredictionInput("b", "b"),
    ]
    assert [one.box for one in inputs_from_paths(["a"], "1,2,3,4")] == [PixelBox(1, 2, 3, 4)]


def test_a_list_that_is_a_named_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "list.csv")
    with pytest.raises(ConfigError, match="a named pipe"):
        list(inputs_from_csv(tmp_path / "list.csv"))
