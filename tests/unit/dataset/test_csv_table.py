"""Records of a CSV: a fault costs its own line, and no line is lost."""

import io
import random

import pytest

from dataset.csv_table import TableError, column_indices, read_table

HEADER = "image_path,bbox,labels"


def records_of(text):
    return list(read_table(io.BytesIO(text if isinstance(text, bytes) else text.encode())))


def faults_of(text):
    return {record.line: record.fault for record in records_of(text) if record.fault}


def indices_of(text):
    records = read_table(io.BytesIO(text if isinstance(text, bytes) else text.encode()))
    return column_indices(records, "a.csv", ("image_path", "bbox", "labels"), ("clip",))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_any_system(end):
    lines = [HEADER, 'a.jpg,"1,2,3,4",x', "", 'b.jpg,"1,2,3,4",y']
    records = records_of(end.join(lines))
    assert [(record.line, record.cells) for record in records] == [
        (1, ["image_path", "bbox", "labels"]),
        (2, ["a.jpg", "1,2,3,4", "x"]),
        (4, ["b.jpg", "1,2,3,4", "y"]),
    ]
    assert not any(record.fault for record in records)


def test_an_unquoted_box_is_told_with_its_likely_cause():
    assert faults_of(f"{HEADER}\na.jpg,1,2,3,4,x\n") == {
        2: "it has 6 cells, the header has 3. Is the box in quotes?"
    }


def test_a_row_that_breaks_off_is_faulty_and_blank_cells_at_the_end_are_not():
    assert faults_of(f"{HEADER}\na.jpg\nb.jpg,,x,,\n") == {2: "it has 1 cells, the header has 3"}
    assert faults_of(f"{HEADER},,\na.jpg,,x\nb.jpg,,x,,\n") == {}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "broken",
    ['"a.jpg,"1,2,3,4",x', 'a.jpg,"1,2,3,4,x', 'a.jpg,"1,2,3,4",x,"', 'a.jpg,,"x', '"', '"""'],
)
def test_an_open_quote_costs_its_own_line(broken, end):
    sound = [f'{i}.jpg,"1,2,3,4",x' for i in range(300)]
    lines = [HEADER, *sound[:150], broken, *sound[150:]]
    records = records_of(end.join(lines) + end)
    assert len(records) == len(lines)
    assert [record.line for record in records if record.fault] == [152]
    assert [record.cells[0] for record in records if not record.fault][1:] == [
        line.split(",")[0] for line in sound
    ]


def test_a_cell_of_several_lines_is_one_record():
    records = records_of(f'{HEADER}\n"a\n""b\r.jpg","1,2,3,4",x\nc.jpg,,y\n')
    assert [(record.line, record.cells[0], record.fault) for record in records[1:]] == [
        (2, 'a\n"b\r.jpg', ""),
        (5, "c.jpg", ""),
    ]


def test_a_text_behind_a_closing_quote_is_a_part_of_the_cell():
    assert records_of(f'{HEADER}\n"a"b,,x\n')[1].cells == ["ab", "", "x"]


@pytest.mark.parametrize("line", ["a\0.jpg,,x", '"a\0.jpg",,x'])
def test_a_nul_byte_is_a_fault_on_every_python(line):
    assert faults_of(f"{HEADER}\n{line}\nb.jpg,,x\n") == {2: "it has a NUL byte"}


def test_a_nul_byte_in_a_later_line_of_a_quoted_cell_ends_the_record():
    assert faults_of(f'{HEADER}\n"a\n\0.jpg",,x\nb.jpg,,x\n') == {
        2: "a quote is opened and not closed",
        3: "it has a NUL byte",
    }


def test_a_line_without_end_is_one_fault():
    for line in ("x" * 3_000_000, '"' + "x" * 3_000_000, ",".join("x" * 1_500_000)):
        records = records_of(f"{HEADER}\n{line}\nb.jpg,,x\n")
        assert [bool(record.fault) for record in records] == [False, True, False]


def test_bytes_that_are_not_utf8_are_told_of_their_line():
    text = f"{HEADER}\n".encode() + "고양이.jpg,,x\n".encode("cp949") + "고양이.jpg,,x\n".encode()
    assert [record.is_utf8 for record in records_of(text)] == [True, False, True]


def test_every_line_of_a_random_file_is_a_record_or_a_part_of_one():
    # Lines of records and blank lines add up to the file's lines, whatever stands in them.
    rng = random.Random(0)
    pieces = ['"', ",", "\n", "\r", "\r\n", "a", "1", "\0", "\ufeff", " ", '""', "\n\n"]
    for _ in range(3000):
        text = HEADER + "\n" + "".join(rng.choices(pieces, k=rng.randint(0, 40)))
        starts = [record.line for record in records_of(text)]
        assert starts == sorted(set(starts))
        lines = io.StringIO(text, newline="").readlines()
        for line, next_line in zip(starts, [*starts[1:], len(lines) + 1], strict=True):
            between = lines[line : next_line - 1]
            is_quoted = lines[line - 1].count('"') > 0
            assert is_quoted or not any(rest.strip(' ,"\r\n') for rest in between)


@pytest.mark.parametrize(
    "header",
    [
        "\ufeffimage_path,bbox,labels",
        "\ufeff\ufeffimage_path,bbox,labels",
        "image_path,\u200bbbox,labels\u2060",
        " image_path ,\u00a0bbox,labels\t",
        '\ufeff"image_path",bbox,labels',
    ],
)
def test_invisible_characters_of_the_header_are_ignored(header):
    assert indices_of(header) == {"image_path": 0, "bbox": 1, "labels": 2}


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("image_path;bbox;labels", "separated by semicolons"),
        ("image_path\tbbox\tlabels", "separated by tabs"),
        ("Image_Path,BBox,Labels", "Rename 'Image_Path' to 'image_path'"),
        ("image_path,bbox,label", "Rename 'label' to 'labels'"),
        ("image_path,bbox,labels,clip,clip", "names the column clip twice"),
        ('image_path,bbox,"labels', "a quote is opened and not closed"),
        ("", "is empty"),
        ("\ufeff\n", "is empty"),
        ("image_path,bbox,라벨", "lacks the column labels. Received .* 라벨"),
    ],
)
def test_a_header_that_does_not_fit_is_told_with_its_likely_cause(header, message):
    with pytest.raises(TableError, match=message):
        indices_of(header + "\n")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "cp949"])
def test_another_encoding_of_the_header_is_told(encoding):
    with pytest.raises(TableError, match="not UTF-8"):
        indices_of(f"{HEADER},감정\n".encode(encoding))
