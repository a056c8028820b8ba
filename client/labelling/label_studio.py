"""Label Studio's forms: tasks with predictions, the labelling interface, and exported annotations.

Sources: https://labelstud.io/guide/predictions and https://labelstud.io/guide/export (JSON). Boxes
are in percent of the photo; ``rotation`` turns a box clockwise around its top left corner.
"""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from client.labelling.tasks import (
    DISAGREEING_LABELS,
    NOT_A_RECTANGLE,
    SKIPPED,
    TURNED_PICTURE,
    Labelled,
    Task,
)
from schemas.errors import ConfigError
from system.regular_files import open_regular

_FROM, _TO = "mood", "image"
_TYPE = "rectanglelabels"
_MOST = 1e9
"""Percents, pixels or degrees."""
_MAX_REASON = 300
LOCAL_FILES = "/data/local-files/?d="
"""Where Label Studio serves files of its own machine (LOCAL_FILES_SERVING_ENABLED)."""


def interface(moods: Sequence[str]) -> str:
    """Returns the labelling interface: boxes, each with a mood."""
    labels = "".join(f"    <Label value={quoteattr(mood)}/>\n" for mood in moods)
    return (
        f'<View>\n  <Image name="{_TO}" value="$image" zoom="true"/>\n'
        f'  <RectangleLabels name="{_FROM}" toName="{_TO}" canRotate="false">\n{labels}'
        "  </RectangleLabels>\n</View>\n"
    )


def tasks(queue: Iterable[Task], url: str, version: str) -> list[dict[str, Any]]:
    """Returns the tasks with their suggestions, to be imported as JSON.

    Args:
      queue: photos to label.
      url: what stands before each photo's path, such as ``LOCAL_FILES``.
      version: of the model that suggests.
    """
    return [
        {
            "data": {
                "image": url + task.image,
                "photo": task.image,
                "chosen_as": task.kind,
                "score": round(task.score, 6),
            },
            "predictions": [
                {
                    "model_version": version,
                    "score": round(task.probability, 6),
                    "result": [_suggested(task)],
                }
            ],
        }
        for task in queue
    ]


def _suggested(task: Task) -> dict[str, Any]:
    top, left, height, width = task.box or (0, 0, task.height, task.width)
    return {
        "id": "suggested",
        "from_name": _FROM,
        "to_name": _TO,
        "type": _TYPE,
        "original_width": task.width,
        "original_height": task.height,
        "image_rotation": 0,
        "score": round(task.probability, 6),
        "value": {
            "x": 100 * left / task.width,
            "y": 100 * top / task.height,
            "width": 100 * width / task.width,
            "height": 100 * height / task.height,
            "rotation": 0,
            _TYPE: [task.mood],
        },
    }


def read_export(path: Path) -> Iterator[Labelled]:
    """Yields the boxes of a JSON export; of a task without one, why there is none.

    Of several annotations of a task the last one counts, if all name the same moods.

    Raises:
      ConfigError: the file is no such export.
    """
    try:
        with open_regular(path) as file:
            document = json.loads(file.read().decode("utf-8-sig"))
        if not isinstance(document, list):
            raise TypeError("it is no list of tasks")
        found = [labelled for task in document for labelled in _of_task(task)]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ConfigError(
            f"{path} must be an export of Label Studio in the form JSON (not JSON-MIN or CSV). "
            f"Received: {type(error).__name__} ({str(error)[:_MAX_REASON]})"
        ) from error
    yield from found


def _of_task(task: dict[str, Any]) -> Iterator[Labelled]:
    image = _image_of(task["data"])
    done = [
        each for each in task["annotations"] if not each.get("was_cancelled") and each["result"]
    ]
    if not done:
        yield Labelled(image, fault=SKIPPED)
        return
    by_person = [list(_boxes(image, each["result"])) for each in done]
    if len({tuple(sorted(box.label for box in boxes)) for boxes in by_person}) > 1:
        yield Labelled(image, fault=DISAGREEING_LABELS)
        return
    yield from by_person[-1]


def _image_of(data: dict[str, Any]) -> str:
    if "photo" in data:
        return _text(data["photo"])
    image = _text(data["image"])
    return image.partition("?d=")[2] or image


def _boxes(image: str, results: Sequence[dict[str, Any]]) -> Iterator[Labelled]:
    for result in results:
        if result["type"] != _TYPE:
            yield Labelled(image, fault=NOT_A_RECTANGLE)
        elif result.get("image_rotation"):
            yield Labelled(image, fault=TURNED_PICTURE)
        else:
            yield _box(image, result)


def _box(image: str, result: dict[str, Any]) -> Labelled:
    value = result["value"]
    height, width = (_number(result[name]) for name in ("original_height", "original_width"))
    x, y, part_width, part_height = (_number(value[name]) for name in ("x", "y", "width", "height"))
    left, top = x * width / 100, y * height / 100
    across, down = part_width * width / 100, part_height * height / 100
    angle = math.radians(_number(value.get("rotation") or 0))
    cosine, sine = math.cos(angle), math.sin(angle)
    # The corners, from the top left one on.
    xs = [left + x * cosine - y * sine for x in (0, across) for y in (0, down)]
    ys = [top + x * sine + y * cosine for x in (0, across) for y in (0, down)]
    labels = value.get(_TYPE) or [""]
    return Labelled(image, min(ys), min(xs), max(ys), max(xs), _text(labels[0]))


def _number(value: object) -> float:
    """Returns a number of an export, of a size that photos have."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _MOST:
        raise ValueError(f"a {type(value).__name__} that is no number of a box")
    return float(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a {type(value).__name__} where a text should be")
    return value
