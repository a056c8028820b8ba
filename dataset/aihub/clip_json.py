"""Reading one label file: what it says of its clip. Its frames are judged in ``frames``."""

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, TypeVar

import orjson

from dataset.aihub.animals import AnimalClip
from schemas.labels import normalise
from schemas.prepare_reasons import PrepareReason

_T = TypeVar("_T")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_DATE = re.compile(r"\d{8}")
_DATED_NAME = re.compile(r"(\d{8})_(.+)")
_MOST_PIXELS = 99_999
"""Of a side: what lies above is no photo."""


class ClipError(ValueError):
    """A label file that cannot be used, with the reason."""

    def __init__(self, reason: PrepareReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Clip(NamedTuple):
    """What a label file says.

    Attributes:
      name: ``<date>_<video>`` of ``file_video``, the same under both forms of file names.
      species: in capitals.
      mood: that of the inspector, NFC, one of the label map's; the owner's may differ.
      width, height: of the upright frames, pixels.
      animal: what tells the animal; None where a part of it is unknown.
      annotations: one a frame, unchecked.
    """

    name: str
    species: str
    mood: str
    width: int
    height: int
    animal: AnimalClip | None
    annotations: list[Any]


def load(path: str) -> dict[str, Any]:
    """Returns the JSON object in a file.

    Raises:
      ClipError: JSON_UNREADABLE, JSON_EMPTY, JSON_MALFORMED or JSON_NOT_OBJECT.
    """
    try:
        with open(path, "rb") as file:
            content = file.read().removeprefix(_BYTE_ORDER_MARK)
    except OSError as error:
        raise ClipError(PrepareReason.JSON_UNREADABLE, error.strerror or str(error)) from error
    if not content.strip(b" \t\r\n\0"):
        raise ClipError(PrepareReason.JSON_EMPTY, f"{len(content)} bytes, all blank")
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise ClipError(PrepareReason.JSON_MALFORMED, str(error)) from error
    if type(value) is not dict:
        raise ClipError(PrepareReason.JSON_NOT_OBJECT, f"Received: {short(value)}")
    return value


def frames_in(content: Mapping[str, Any]) -> int:
    """Returns the number of annotations, 0 where there is no list of them."""
    annotations = content.get("annotations")
    return len(annotations) if type(annotations) is list else 0


def clip_from(content: Mapping[str, Any], moods: Collection[str], species: str) -> Clip:
    """Returns the clip that a label file's object tells.

    Args:
      content: of the file.
      moods: names of the label map.
      species: that the file's folder says, in capitals.

    Raises:
      ClipError: KEY_MISSING, VALUE_MALFORMED, SPECIES_MISMATCH, UNKNOWN_MOOD or
        CLIP_WITHOUT_FRAMES.
    """
    annotations = _need(content, "annotations", list)
    date, video = _date_and_video(_need(content, "file_video", str))
    metadata = _need(content, "metadata", dict)
    width, height = _side(metadata, "width"), _side(metadata, "height")
    told = _need(metadata, "species", str, "metadata.")
    if normalise(told).upper() != species:
        raise ClipError(
            PrepareReason.SPECIES_MISMATCH, f"metadata.species is {short(told)} among {species}"
        )
    inspect = _need(metadata, "inspect", dict, "metadata.")
    mood = normalise(_need(inspect, "emotion", str, "metadata.inspect."))
    if mood not in moods:
        raise ClipError(PrepareReason.UNKNOWN_LABEL, f"Received: {short(mood)}")
    if not annotations:
        raise ClipError(PrepareReason.CLIP_WITHOUT_FRAMES, "annotations is []")
    name = f"{date}_{video}" if date else video
    animal = _animal(name, species, date, metadata)
    return Clip(name, species, mood, width, height, animal, annotations)


def short(value: object) -> str:
    """Returns a value as the rejects table shows it."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _need(parent: Mapping[str, Any], key: str, kind: type[_T], path: str = "") -> _T:
    value = parent.get(key)
    if value is None:
        raise ClipError(PrepareReason.KEY_MISSING, f"{path}{key} is absent or null")
    # isinstance would take true for the integer 1.
    if type(value) is not kind:
        raise ClipError(
            PrepareReason.VALUE_MALFORMED,
            f"{path}{key} must be {kind.__name__}. Received: {short(value)}",
        )
    return value


def _side(metadata: Mapping[str, Any], key: str) -> int:
    side = _need(metadata, key, int, "metadata.")
    if not 1 <= side <= _MOST_PIXELS:
        raise ClipError(
            PrepareReason.VALUE_MALFORMED,
            f"metadata.{key} must lie in 1..{_MOST_PIXELS}. Received: {side}",
        )
    return side


def _date_and_video(file_video: str) -> tuple[str, str]:
    """Returns ("20201215", "cat-sitdown-014540") of "20201215/cat-sitdown-014540.mp4"."""
    folder, _, name = normalise(file_video).replace("\\", "/").rpartition("/")
    video = name[: -len(".mp4")] if name.lower().endswith(".mp4") else name
    if not video or not video.isprintable():
        raise ClipError(
            PrepareReason.VALUE_MALFORMED,
            f"file_video must be <date>/<video>.mp4. Received: {short(file_video)}",
        )
    if dated := _DATED_NAME.fullmatch(video):
        return dated[1], dated[2]
    date = folder.rpartition("/")[2]
    return (date if _DATE.fullmatch(date) else ""), video


def _animal(name: str, species: str, date: str, metadata: Mapping[str, Any]) -> AnimalClip | None:
    animal, owner, seq = (metadata.get(key) for key in ("animal", "owner", "seq"))
    if type(animal) is not dict or type(owner) is not dict or type(seq) is not int or not date:
        return None
    told = (animal.get("breed"), animal.get("age"), animal.get("gender"), owner.get("situation"))
    if not all(type(value) in (str, int) and value != "" for value in told):
        return None
    breed, age, gender, situation = (normalise(str(value)) for value in told)
    return AnimalClip(name, species, seq, date, breed, age, gender, situation)
