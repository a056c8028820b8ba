"""Tests of dataset.split_names."""

from pathlib import Path

import pytest

from dataset import split_names
from dataset.split_names import NamesInBoth, Shared, names_in_both
from schemas.errors import DataRefusedError

HEADER = "image_path,bbox,labels,clip,group"
NONE = NamesInBoth(Shared(0, []), Shared(0, []))


def write(path: Path, *rows: str, header: str = HEADER, end: str = "\n") -> str:
    path.write_bytes(end.join((header, *rows, "")).encode())
    return str(path)


def row(clip: str, group: str = "", image: str = "a.jpg") -> str:
    return f'{image},"1,2,3,4",공포,{clip},{group}'


def test_shared_clips_and_groups_are_counted_once_and_named(tmp_path: Path) -> None:
    train = write(tmp_path / "t.csv", *(row(f"c{n}", f"g{n}") for n in (1, 1, 2, 3, 4, 5, 6)))
    evaluation = write(tmp_path / "e.csv", *(row(f"c{n}", f"g{n}") for n in (6, 5, 4, 3)), row("x"))
    assert names_in_both(train, evaluation) == NamesInBoth(
        Shared(4, ["c3", "c4", "c5"]), Shared(4, ["g3", "g4", "g5"])
    )


def test_rows_without_a_name_share_nothing(tmp_path: Path) -> None:
    train = write(tmp_path / "t.csv", row("a"), row("", image="b.jpg"))
    assert names_in_both(train, write(tmp_path / "e.csv", row("c"), row("d"))) == NONE


def test_without_a_clip_the_folder_of_a_frame_or_the_photo_is_its_name(tmp_path: Path) -> None:
    frame = "x/cat-1/frame_{}_timestamp_0.jpg"
    train = write(tmp_path / "t.csv", row("", image=frame.format(0)), row("", image="p.jpg"))
    with_column = write(tmp_path / "e.csv", row("other"), row("", image=frame.format(6)))
    assert names_in_both(train, with_column).clips == Shared(1, ["x/cat-1"])
    plain = 'p.jpg,"1,2,3,4",공포'
    without = write(tmp_path / "p.csv", plain, header="image_path,bbox,labels")
    assert names_in_both(train, without).clips == Shared(1, ["p.jpg"])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_spaces_marks_and_line_ends_do_not_matter(tmp_path: Path, end: str) -> None:
    train = write(tmp_path / "t.csv", row(" a "), header="\ufeff" + HEADER, end=end)
    evaluation = write(tmp_path / "e.csv", row("a"), "", row("b"), end=end)
    assert names_in_both(train, evaluation).clips == Shared(1, ["a"])


@pytest.mark.parametrize(
    "odd", ['x.jpg,"1,2', "x.jpg,1,2,3,4,공포,c,g", 'x.jpg,"1,2,3,4",공포,"c\nd",']
)
def test_an_odd_row_hides_no_other(tmp_path: Path, odd: str) -> None:
    rows = [row(f"c{n}") for n in range(100)]
    train = write(tmp_path / "t.csv", *rows[:50], odd, *rows[50:])
    evaluation = write(tmp_path / "e.csv", row("c99"), row("c1"))
    assert names_in_both(train, evaluation).clips == Shared(2, ["c1", "c99"])


def test_both_ways_of_reading_find_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = write(tmp_path / "t.csv", *(row(f"c{n}", f"g{n % 7}") for n in range(500)))
    evaluation = write(tmp_path / "e.csv", *(row(f"c{n}", f"g{n % 9}") for n in range(400, 900)))
    found = names_in_both(train, evaluation)
    assert found.clips.number == 100
    assert found.groups.number == 7
    monkeypatch.setattr(split_names, "_names", split_names._names_by_rows)
    assert names_in_both(train, evaluation) == found


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b"image_path,bbox\n", "labels"), (b"\xff\xfea\n", "not UTF-8")],
)
def test_a_table_without_a_header_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DataRefusedError, match=message):
        names_in_both(str(tmp_path / "t.csv"), write(tmp_path / "e.csv", row("a")))


def test_text_of_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(f"{HEADER}\n{row('편안')}\n".encode("cp949"))
    with pytest.raises(DataRefusedError, match="not UTF-8"):
        names_in_both(str(tmp_path / "t.csv"), write(tmp_path / "e.csv", row("a")))
