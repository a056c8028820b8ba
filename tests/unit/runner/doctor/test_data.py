"""Tables that cannot be used are named."""

from pathlib import Path

import pytest

from runner.doctor import (
    data,
)
from testing.runner.planted_machine import only


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("image,bbox,labels\n", "lacks the column"),
        ("", "is empty"),
        ("image_path,bbox,labels\n", "has no rows"),
        ('image_path,bbox,labels\na.jpg,"0,0,1,1",행복/즐거움\n'.encode("cp949"), "not UTF-8"),
        ('image_path,bbox,labels\na.jpg,"0,0,1,1",x\n', "None of 1 photos"),
    ],
)
def test_a_table_that_cannot_be_used(content: str | bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    finding = only(data.check_tables({"--train-csv": path}, None))
    assert message in finding.message


def test_a_table_that_is_absent(tmp_path: Path) -> None:
    finding = only(data.check_tables({"--eval-csv": tmp_path / "absent.csv"}, None))
    assert "--eval-csv must be a file that can be read" in finding.message


def test_a_table_with_photos(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    path = tmp_path / "train.csv"
    path.write_text('image_path,bbox,labels\na.jpg,"0,0,1,1",x\nb.jpg,"0,0,1,1",x\n')
    (finding,) = data.check_tables({"--train-csv": path}, None)
    assert finding.state == "ok"
    assert "2 rows; 1 of 2 photos that were looked for are missing" in finding.message
