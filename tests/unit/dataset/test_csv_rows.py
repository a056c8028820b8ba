"""The CSV as a table: encodings, line ends, quotes, and faults that refuse the whole table."""

import os
import unicodedata

import pytest

from dataset.csv_rows import clip_of, read_rows
from schemas.errors import DataRefusedError

HEADER = "image_path,bbox,labels"


def rows_of(tmp_path, content):
    path = tmp_path / "data.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return list(read_rows(str(path)))


def test_a_plain_row_is_read_with_its_line(tmp_path):
    (row,) = rows_of(tmp_path, f'{HEADER}\na.jpg,"1,2,3,4",공포\n')
    assert row[:4] == (2, "a.jpg", "1,2,3,4", "공포")
    assert (row.species, row.clip, row.group) == ("", "a.jpg", "")


def test_bom_crlf_spaces_and_quotes_change_nothing(tmp_path):
    text = '\ufeffimage_path , bbox,labels\r\n"a,b ""c"".jpg", "1, 2,3,4" ,공포 \r\n'
    # In CSV a space before a quote makes the quote a part of the cell, so no writer puts one.
    text = text.replace(' "1, 2,3,4" ', '"1, 2,3,4"')
    (row,) = rows_of(tmp_path, text)
    assert row[:4] == (2, 'a,b "c".jpg', "1, 2,3,4", "공포")


def test_decomposed_hangul_equals_composed(tmp_path):
    decomposed = unicodedata.normalize("NFD", "편안/안정")
    assert decomposed != "편안/안정"
    (row,) = rows_of(tmp_path, f'{HEADER}\na.jpg,"1,2,3,4",{decomposed}\n')
    assert row.label == "편안/안정"


def test_columns_may_be_in_any_order_and_others_are_ignored(tmp_path):
    (row,) = rows_of(
        tmp_path, 'group,labels,x,clip,image_path,species,bbox\ng1,공포,9,c1,a.jpg,CAT,"1,2,3,4"\n'
    )
    assert row == (2, "a.jpg", "1,2,3,4", "공포", "CAT", "c1", "g1", "")
    assert row.split_key == "g1"


def test_blank_lines_are_skipped(tmp_path):
    rows = rows_of(tmp_path, f"{HEADER}\na.jpg,,\n\n , ,\nb.jpg,,\n")
    assert [(row.line, row.image_path, row.bbox) for row in rows] == [
        (2, "a.jpg", ""),
        (5, "b.jpg", ""),
    ]


def test_a_table_without_labels_is_read_if_no_labels_are_required(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text('image_path,bbox\na.jpg,"1,2,3,4"\n', "utf-8")
    (row,) = read_rows(str(path), labelled=False)
    assert row[:4] == (2, "a.jpg", "1,2,3,4", "")
    with pytest.raises(DataRefusedError, match="lacks the column labels"):
        list(read_rows(str(path)))


def test_labels_are_ignored_if_they_are_not_required(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(f'{HEADER}\na.jpg,"1,2,3,4",no mood\n', "utf-8")
    (row,) = read_rows(str(path), labelled=False)
    assert row.label == ""


def test_a_row_after_a_cell_of_two_lines_keeps_its_own_line(tmp_path):
    rows = rows_of(tmp_path, f'{HEADER}\n"a\nb.jpg","1,2,3,4",공포\nc.jpg,"1,2,3,4",공포\n')
    assert [row.line for row in rows] == [2, 4]


@pytest.mark.parametrize("missing", ["image_path", "bbox", "labels"])
def test_the_error_for_a_missing_column_names_it(tmp_path, missing):
    header = ",".join(name for name in HEADER.split(",") if name != missing)
    with pytest.raises(DataRefusedError, match=f"lacks the column {missing}"):
        rows_of(tmp_path, f"{header}\n1,2\n")


@pytest.mark.parametrize("content", ["", "\n", "\ufeff"])
def test_an_empty_file_is_refused(tmp_path, content):
    with pytest.raises(DataRefusedError, match="empty"):
        rows_of(tmp_path, content)


def test_a_column_named_twice_is_refused(tmp_path):
    with pytest.raises(DataRefusedError, match="bbox twice"):
        rows_of(tmp_path, f"{HEADER},bbox\n")


@pytest.mark.parametrize("encoding", ["cp949", "utf-16"])
def test_another_encoding_is_refused(tmp_path, encoding):
    with pytest.raises(DataRefusedError, match="not UTF-8"):
        rows_of(tmp_path, f'{HEADER}\na.jpg,"1,2,3,4",공포\n'.encode(encoding))


def test_a_nul_byte_in_the_header_is_refused(tmp_path):
    with pytest.raises(DataRefusedError, match="not UTF-8"):
        rows_of(tmp_path, f"\0{HEADER}\n")


@pytest.mark.parametrize(
    ("path", "clip"),
    [
        (
            "train/cat/images/x/cat-arch-011926/frame_6_timestamp_200.jpg",
            "train/cat/images/x/cat-arch-011926",
        ),
        ("images/100198545_1e8a8f2b09_b.jpg", "images/100198545_1e8a8f2b09_b.jpg"),
        ("frame_6_timestamp_200.jpg", "frame_6_timestamp_200.jpg"),
        ("./a//b.jpg", "a/b.jpg"),
        ("a\\b.jpg", "a/b.jpg"),
        (unicodedata.normalize("NFD", "고양이.jpg"), "고양이.jpg"),
        ("gs://bucket/a.jpg", "gs://bucket/a.jpg"),
    ],
)
def test_the_clip_of_a_video_frame_is_its_folder(path, clip):
    assert clip_of(path) == clip


def test_a_table_that_is_a_named_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "table.csv")
    with pytest.raises(OSError, match="a named pipe"):
        list(read_rows(str(tmp_path / "table.csv")))
