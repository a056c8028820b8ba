"""CSV files of strangers' texts: nothing is lost, and nothing is executed."""

import csv
import io

import pytest

from system.csv_files import CsvWriter, guarded, original, read_dicts

TEXTS = [
    "a.jpg", "강아지,1.jpg", 'say "hi"', "a\rb.jpg", "a\nb.jpg", "a\r\nb", "", " ", "'quoted'",
    "=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "'=1", "''=1", "＝1", "=a\r,\"b",
]  # fmt: skip


def written(texts):
    file = io.StringIO()
    writer = CsvWriter(file)
    writer.write(("name", "number"))
    writer.write_all((text, number) for number, text in enumerate(texts))
    return file.getvalue()


def test_every_text_comes_back():
    rows = list(read_dicts(io.StringIO(written(TEXTS), newline="")))
    assert [(row["name"], int(row["number"])) for row in rows] == [
        (text, number) for number, text in enumerate(TEXTS)
    ]


def test_no_cell_begins_like_a_formula():
    for cell, _ in csv.reader(io.StringIO(written(TEXTS), newline="")):
        assert not cell.startswith(("=", "+", "-", "@", "＝", "\t", "\r", "\n"))


def test_plain_rows_are_written_plainly():
    assert written(["a.jpg", "a b"]) == "name,number\na.jpg,0\na b,1\n"
    file = io.StringIO()
    CsvWriter(file).write((-1, -0.5, None))
    assert file.getvalue() == "-1,-0.5,\n"


@pytest.mark.parametrize("text", TEXTS)
def test_guarding_is_undone(text):
    assert original(guarded(text)) == text


@pytest.mark.parametrize("text", ["a,b\n1\n", "a,b\n1,2,3\n", 'a,b\n1,"2\0"\n'])
def test_a_row_of_another_form_is_an_error_of_the_file(text):
    with pytest.raises(csv.Error):
        list(read_dicts(io.StringIO(text)))
