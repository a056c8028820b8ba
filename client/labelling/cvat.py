"""CVAT's form "CVAT for images 1.1": boxes of photos, in XML.

Source: https://docs.cvat.ai/docs/manual/advanced/xml_format/. Boxes are in pixels; ``rotation``
turns a box clockwise around its centre, in degrees.
"""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree import ElementTree
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from client.labelling.tasks import NOT_A_RECTANGLE, SKIPPED, Labelled, Task
from schemas.errors import ConfigError
from system.regular_files import open_regular

_SHAPES = ("polygon", "polyline", "points", "cuboid", "ellipse", "mask", "skeleton")


def labels(moods: Sequence[str]) -> str:
    """Returns the labels of a task, for CVAT's constructor (Raw)."""
    found = [{"name": mood, "type": "rectangle", "attributes": []} for mood in moods]
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def annotations(queue: Iterable[Task], moods: Sequence[str]) -> str:
    """Returns the suggestions, to be uploaded into a task with these photos in this order."""
    lines = ['<?xml version="1.0" encoding="utf-8"?>', "<annotations>", "  <version>1.1</version>"]
    lines += ["  <meta>", "    <task>", "      <mode>annotation</mode>", "      <labels>"]
    lines += [
        f"        <label><name>{escape(mood)}</name><attributes></attributes></label>"
        for mood in moods
    ]
    lines += ["      </labels>", "    </task>", "  </meta>"]
    for number, task in enumerate(queue):
        top, left, height, width = task.box or (0, 0, task.height, task.width)
        name, mood = quoteattr(task.image), quoteattr(task.mood)
        lines += [
            f'  <image id="{number}" name={name} width="{task.width}" height="{task.height}">',
            f'    <box label={mood} occluded="0" source="auto" xtl="{left:.2f}" ytl="{top:.2f}" '
            f'xbr="{left + width:.2f}" ybr="{top + height:.2f}" z_order="0"></box>',
            "  </image>",
        ]
    return "\n".join([*lines, "</annotations>", ""])


def read_export(path: Path) -> Iterator[Labelled]:
    """Yields the boxes of an export; of a photo without one, why there is none.

    An image at a time is in memory.

    Raises:
      ConfigError: the file is no such export.
    """
    try:
        with open_regular(path) as file:
            _check_no_document_type(file)
        root = ""
        for event, element in ElementTree.iterparse(path, events=("start", "end")):
            root = root or element.tag
            if root != "annotations":
                raise ValueError(f"its first element is {root} and not annotations")
            if element.tag == "track":
                raise ValueError("it is of a video; export it as CVAT for images 1.1")
            if event == "end" and element.tag == "image":
                yield from _of_image(element)
                element.clear()
    except (ElementTree.ParseError, expat.ExpatError, ValueError, LookupError, OSError) as error:
        raise ConfigError(
            f"{path} must be an export of CVAT in the form CVAT for images 1.1. Received: "
            f"{type(error).__name__} ({error})"
        ) from error


def _check_no_document_type(file: BinaryIO) -> None:
    """Raises a ValueError for an XML file with a document type.

    It could name files of this machine, or entities that grow without end. The parser itself looks,
    as its encoding may be any.
    """
    parser = expat.ParserCreate()
    seen: list[str] = []
    parser.StartDoctypeDeclHandler = lambda *_: seen.append("type")
    parser.StartElementHandler = lambda *_: seen.append("element")
    is_end = False
    while not seen and not is_end:
        part = file.read(1 << 12)
        is_end = not part
        # expat 2.6 and newer put off a long token until they are told that nothing follows.
        parser.Parse(part, is_end)
    if seen[:1] == ["type"]:
        raise ValueError("it has a document type, which no export of CVAT has")


def _of_image(element: ElementTree.Element) -> Iterator[Labelled]:
    image = element.attrib["name"]
    found = [_box(image, box.attrib) for box in element.iter("box")]
    found += [
        Labelled(image, fault=NOT_A_RECTANGLE) for shape in _SHAPES for _ in element.iter(shape)
    ]
    yield from found or [Labelled(image, fault=SKIPPED)]


def _box(image: str, given: dict[str, Any]) -> Labelled:
    left, top, right, bottom = (float(given[name]) for name in ("xtl", "ytl", "xbr", "ybr"))
    if not all(map(math.isfinite, (left, top, right, bottom))):
        raise ValueError(f"a box of {image} has edges that are no numbers")
    angle = math.radians(float(given.get("rotation", 0)))
    cosine, sine = abs(math.cos(angle)), abs(math.sin(angle))
    across = ((right - left) * cosine + (bottom - top) * sine) / 2
    down = ((right - left) * sine + (bottom - top) * cosine) / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    return Labelled(image, y - down, x - across, y + down, x + across, given["label"])
