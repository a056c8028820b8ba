"""From predictions to both tools and back into a CSV, through their documented forms."""

import csv
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from client.labelling.__main__ import main
from client.labelling.label_studio import read_export
from schemas.errors import ConfigError
from schemas.labels import DEFAULT_MOODS
from testing.client.labelling import ANGRY, FEARFUL, HAPPY, queued, read


def test_the_queue_says_why_and_takes_one_frame_of_a_clip(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = queued(folder, "--train-csv", str(folder / "train.csv"))
    with (out / "queue.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(each["image"], each["chosen_as"]) for each in rows] == [
        ("new/a/frame_0_timestamp_0.jpg", "unsure"),
        ("new/sure.jpg", "novel"),  # The only one that is red.
        ("new/turned.jpg", "novel"),
    ]
    # Pixels of the upright photo: the camera was turned.
    assert (rows[2]["height"], rows[2]["width"]) == ("200", "100")
    assert "3 photos in" in capsys.readouterr().out
    assert len(list((out / "photos").iterdir())) == 3


def test_label_studio_gets_what_comes_back(folder: Path) -> None:
    out = queued(folder)
    tasks = json.loads((out / "label_studio.json").read_text("utf-8"))
    (result,) = tasks[0]["predictions"][0]["result"]
    assert result["value"] == {
        "x": 10.0,
        "y": 10.0,
        "width": 50.0,
        "height": 50.0,
        "rotation": 0,
        "rectanglelabels": [ANGRY],
    }
    interface = ElementTree.fromstring((out / "label_studio.xml").read_text("utf-8"))
    assert [label.attrib["value"] for label in interface.iter("Label")] == list(DEFAULT_MOODS)
    (boxes,) = interface.iter("RectangleLabels")
    assert (result["from_name"], result["to_name"]) == (
        boxes.attrib["name"],
        boxes.attrib["toName"],
    )

    # A person accepts every suggestion.
    for task in tasks:
        task["annotations"] = [{"was_cancelled": False, "result": task["predictions"][0]["result"]}]
    export = folder / "export.json"
    export.write_text(json.dumps(tasks), "utf-8")
    code, rows, rejects = read(folder, export)
    assert (code, rejects) == (0, [])
    assert rows[0] == {
        "image_path": "new/a/frame_0_timestamp_0.jpg",
        "bbox": "10,20,50,100",
        "labels": ANGRY,
        "clip": "new/a",
    }
    assert (rows[1]["bbox"], rows[1]["labels"]) == ("0,0,200,100", FEARFUL)


def annotation(*values: dict[str, Any], kind: str = "rectanglelabels", turned: int = 0) -> Any:
    return {
        "was_cancelled": False,
        "result": [
            {
                "type": kind,
                "original_width": 200,
                "original_height": 100,
                "image_rotation": turned,
                "value": {"rectanglelabels": [HAPPY], "rotation": 0, **value},
            }
            for value in values
        ],
    }


BOX = {"x": 10, "y": 10, "width": 50, "height": 50}


@pytest.mark.parametrize(
    ("annotations", "boxes", "reasons"),
    [
        ([annotation(BOX)], ["10,20,50,100"], []),
        # Two animals.
        ([annotation(BOX, {**BOX, "x": 40})], ["10,20,50,100", "10,80,50,100"], []),
        ([annotation({**BOX, "rectanglelabels": ["졸림"]})], [], ["unknown_label"]),
        ([annotation({**BOX, "rectanglelabels": []})], [], ["unknown_label"]),
        # Drawn over the edge, and beside the photo.
        ([annotation({**BOX, "x": -10, "width": 30})], ["10,0,50,40"], []),
        ([annotation({**BOX, "x": 110, "width": 30})], [], ["box_outside_image"]),
        ([annotation({**BOX, "width": 0.1})], [], ["box_empty"]),
        # A quarter turn to the right around the top left corner (100, 20): x 60..100, y 20..40.
        (
            [annotation({"x": 50, "y": 20, "width": 10, "height": 40, "rotation": 90})],
            ["20,60,20,40"],
            [],
        ),
        ([{"was_cancelled": True, "result": []}], [], ["skipped"]),
        ([], [], ["skipped"]),
        ([annotation(BOX), annotation({**BOX, "x": 20})], ["10,40,50,100"], []),
        (
            [annotation(BOX), annotation({**BOX, "rectanglelabels": [ANGRY]})],
            [],
            ["disagreeing_labels"],
        ),
        ([annotation(BOX, kind="polygonlabels")], [], ["not_a_rectangle"]),
        ([annotation(BOX, turned=90)], [], ["turned_picture"]),
    ],
)
def test_what_a_person_draws_becomes_rows_or_has_a_reason(
    annotations: list[Any], boxes: list[str], reasons: list[str], folder: Path
) -> None:
    queued(folder)
    export = folder / "export.json"
    task = {"data": {"image": "x", "photo": "photos/000000.jpg"}, "annotations": annotations}
    export.write_text(json.dumps([task]), "utf-8")
    code, rows, rejects = read(folder, export)
    assert [each["bbox"] for each in rows] == boxes
    assert [each["reason"] for each in rejects] == reasons
    assert code == bool(reasons)


def test_a_photo_of_another_queue_is_refused(folder: Path) -> None:
    queued(folder)
    export = folder / "export.json"
    task = {
        "data": {"image": "/data/local-files/?d=photos/9.jpg"},
        "annotations": [annotation(BOX)],
    }
    export.write_text(json.dumps([task]), "utf-8")
    assert read(folder, export)[2][0]["reason"] == "unknown_photo"


def test_cvat_gets_what_comes_back(folder: Path) -> None:
    out = queued(folder)
    code, rows, rejects = read(folder, out / "cvat.xml")
    assert (code, rejects) == (0, [])
    assert [each["bbox"] for each in rows] == ["10,20,50,100", "0,0,200,100", "0,0,100,200"]
    assert json.loads((out / "cvat_labels.json").read_text("utf-8"))[0]["name"] == ANGRY


@pytest.mark.parametrize(
    ("content", "boxes", "reasons"),
    [
        (f'<box label="{HAPPY}" xtl="20" ytl="10" xbr="120" ybr="60"/>', ["10,20,50,100"], []),
        # A quarter turn around the centre (70, 35): 100 x 50 becomes 50 x 100, cut at the edges.
        (
            f'<box label="{HAPPY}" xtl="20" ytl="10" xbr="120" ybr="60" rotation="90.0"/>',
            ["0,45,85,50"],
            [],
        ),
        ('<box label="졸림" xtl="20" ytl="10" xbr="120" ybr="60"/>', [], ["unknown_label"]),
        (
            f'<box label="{HAPPY}" xtl="300" ytl="10" xbr="320" ybr="60"/>',
            [],
            ["box_outside_image"],
        ),
        (f'<polygon label="{HAPPY}" points="1,1;2,2;3,1"/>', [], ["not_a_rectangle"]),
        ("", [], ["skipped"]),
    ],
)
def test_boxes_of_cvat(content: str, boxes: list[str], reasons: list[str], folder: Path) -> None:
    queued(folder)
    export = folder / "annotations.xml"
    export.write_text(
        "<annotations><version>1.1</version><meta><task/></meta>"
        f'<image id="0" name="set/000000.jpg" width="200" height="100">{content}</image>'
        "</annotations>",
        "utf-8",
    )
    _, rows, rejects = read(folder, export)
    assert [each["bbox"] for each in rows] == boxes
    assert [each["reason"] for each in rejects] == reasons


def studio(**changes: Any) -> str:
    """Returns an export of Label Studio with one box, some of whose values are changed."""
    sides = {"original_width": 200, "original_height": 100}
    value = {"x": 1, "y": 1, "width": 50, "height": 50, "rectanglelabels": [HAPPY]}
    sides |= {name: each for name, each in changes.items() if name in sides}
    value |= {name: each for name, each in changes.items() if name not in sides}
    box = {"type": "rectanglelabels", "value": value, **sides}
    task = {"data": {"photo": "photos/000000.jpg"}, "annotations": [{"result": [box]}]}
    return json.dumps([task])


def test_an_export_in_utf_16_with_a_document_type_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    queued(folder)
    export = folder / "annotations.xml"
    export.write_text('<!DOCTYPE a [<!ENTITY b "c">]><annotations>&b;</annotations>', "utf-16")
    out = ["--out", str(folder / "labelled.csv")]
    flags = ["--queue", str(folder / "queue"), "--export", str(export), *out]
    assert main(["read", *flags]) == 2
    assert "has a document type" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("export.json", "{}"),
        ("export.json", '[{"image": "a.jpg", "mood": []}]'),
        ("export.json", "not JSON"),
        ("annotations.xml", "<annotations><image></annotations>"),
        ("annotations.xml", "<html/>"),
        ("annotations.xml", "<annotations><track/></annotations>"),
        ("annotations.xml", '<!DOCTYPE a [<!ENTITY b "c">]><annotations/>'),
        ("annotations.xml", '<annotations><image name="a"><box label="x"/></image></annotations>'),
        ("annotations.xml", f"<!--{'x' * 9000}--><!DOCTYPE a [<!ENTITY b 'c'>]><annotations/>"),
        ("annotations.xml", '<?xml version="1.0" encoding="no-such"?><annotations/>'),
        ("annotations.xml", ""),
        ("export.json", "[" * 100_000),
        ("export.json", "\N{BYTE ORDER MARK}{}"),
        ("export.json", studio(x="a", original_width=10**9)),
        ("export.json", studio(x=10**400)),
        ("export.json", studio(x=1e308)),
        ("export.json", studio(rotation=[1])),
        ("export.json", studio(original_height=True)),
        ("export.json", studio(rectanglelabels={"a": 1})),
        ("export.json", studio(rectanglelabels=[["a"]])),
    ],
)
def test_another_file_is_refused_and_nothing_is_written(
    name: str, text: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    queued(folder)
    (folder / name).write_text(text)
    out = folder / "labelled.csv"
    flags = ["--queue", str(folder / "queue"), "--export", str(folder / name), "--out", str(out)]
    assert main(["read", *flags]) == 2
    assert "must be an export of" in capsys.readouterr().err
    assert not out.exists()


def test_an_export_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="JSON-MIN"):
        list(read_export(tmp_path / "absent.json"))


@pytest.mark.parametrize("text", ["photo,image\n", "photo\n\0\n", "photo,height\na,b\n", "\n"])
def test_a_queue_that_was_altered_is_refused(
    text: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = queued(folder)
    (queue / "queue.csv").write_text(f"{text}{'x' * 200_000},\n", "utf-8")
    export = folder / "export.json"
    export.write_text(studio())
    flags = ["--queue", str(queue), "--export", str(export), "--out", str(folder / "out.csv")]
    assert main(["read", *flags]) == 2
    assert "--queue must be a folder" in capsys.readouterr().err
