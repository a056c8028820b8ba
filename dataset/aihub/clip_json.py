"""Reads one label file: the data of its clip. ``clip_frames`` checks the annotated frames."""

import re
import reprlib
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, TypeVar

import orjson

from dataset.aihub.animals import AnimalClip
from schemas.labels import normalise
from schemas.prepare_reasons import PrepareReason
from system.regular_files import IrregularFileError, open_regular

_T = TypeVar("_T")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_DATE = re.compile(r"\d{8}")
_DATED_NAME = re.compile(r"(\d{8})_(.+)")
_SPECIES = ("CAT", "DOG")
_MAX_SIDE = 99_999
"""Pixels; no frame has a longer side."""
_MAX_BYTES = 64 * 2**20
"""AI Hub's label files have some 100 KB."""
_REPR = reprlib.Repr()
"""It stops at a depth at which ``repr`` would end in a RecursionError, and at a length."""
_REPR.maxlist = _REPR.maxdict = 10
_REPR.maxstring = _REPR.maxlong = _REPR.maxother = 100


class ClipError(ValueError):
    """A label file that cannot be used, with the reason for refusing it."""

    def __init__(self, reason: PrepareReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Clip(NamedTuple):
    """The content of a label file.

    Attributes:
      name: ``<date>_<video>`` of ``file_video``; both forms of file names give the same name.
      species: in capitals.
      mood: the inspector's, NFC, one of the label map's names; the owner's may differ.
      width, height: of the upright frames, pixels.
      animal: the animal's description; None if a part of it is unknown.
      annotations: one per frame, unchecked.
    """

    name: str
    species: str
    mood: str
    width: int
    height: int
    animal: AnimalClip | None
    annotations: list[Any]


def load(path: str) -> dict[str, Any]:
    """Reads the JSON object in a file.

    Raises:
      ClipError: JSON_UNREADABLE, JSON_EMPTY, JSON_MALFORMED or JSON_NOT_OBJECT.
    """
    try:
        with open_regular(path) as file:
            content = file.read(_MAX_BYTES + 1).removeprefix(_BYTE_ORDER_MARK)
    except IrregularFileError as error:
        raise ClipError(PrepareReason.JSON_UNREADABLE, f"it is {error}") from error
    except OSError as error:
        raise ClipError(PrepareReason.JSON_UNREADABLE, error.strerror or str(error)) from error
    if len(content) > _MAX_BYTES:
        raise ClipError(PrepareReason.JSON_UNREADABLE, f"it has more than {_MAX_BYTES} bytes")
    if not content.strip(b" \t\r\n\0"):
        raise ClipError(PrepareReason.JSON_EMPTY, f"{len(content)} bytes, all blank")
    try:
        value = orjson.loads(content)
    except (orjson.JSONDecodeError, RecursionError, MemoryError) as error:
        raise ClipError(PrepareReason.JSON_MALFORMED, str(error)) from error
    if type(value) is not dict:
        raise ClipError(PrepareReason.JSON_NOT_OBJECT, f"Received: {shorten(value)}")
    return value


def count_annotations(content: Mapping[str, Any]) -> int:
    """Returns the number of annotations; 0 if there is no list of them."""
    annotations = content.get("annotations")
    return len(annotations) if type(annotations) is list else 0


def parse_clip(content: Mapping[str, Any], mood_names: Collection[str], species: str) -> Clip:
    """Returns the clip that a label file's object describes.

    Args:
      content: the file's JSON object.
      mood_names: names of the label map.
      species: of the file's folder, in capitals; "" if no folder says it.

    Raises:
      ClipError: KEY_MISSING, VALUE_MALFORMED, SPECIES_MISMATCH, UNKNOWN_LABEL or
        CLIP_WITHOUT_FRAMES.
    """
    annotations = _required(content, "annotations", list)
    date, video = _date_and_video(_required(content, "file_video", str))
    metadata = _required(content, "metadata", dict)
    width, height = _side(metadata, "width"), _side(metadata, "height")
    received_species = normalise(_required(metadata, "species", str, "metadata.")).upper()
    if received_species not in ((species,) if species else _SPECIES):
        raise ClipError(
            PrepareReason.SPECIES_MISMATCH,
            f"metadata.species is {shorten(received_species)} among "
            f"{species or ' and '.join(_SPECIES)}",
        )
    inspect = _required(metadata, "inspect", dict, "metadata.")
    mood = normalise(_required(inspect, "emotion", str, "metadata.inspect."))
    if mood not in mood_names:
        raise ClipError(PrepareReason.UNKNOWN_LABEL, f"Received: {shorten(mood)}")
    if not annotations:
        raise ClipError(PrepareReason.CLIP_WITHOUT_FRAMES, "annotations is []")
    name = f"{date}_{video}" if date else video
    animal = _animal(name, received_species, date, metadata)
    return Clip(name, received_species, mood, width, height, animal, annotations)


def shorten(value: object) -> str:
    """Returns a value's text for the rejects table, at most 80 characters."""
    text = _REPR.repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _required(parent: Mapping[str, Any], key: str, kind: type[_T], path: str = "") -> _T:
    value = parent.get(key)
    if value is None:
        raise ClipError(PrepareReason.KEY_MISSING, f"{path}{key} is absent or null")
    # isinstance would accept JSON's true as an integer.
    if type(value) is not kind:
        raise ClipError(
            PrepareReason.VALUE_MALFORMED,
            f"{path}{key} must be {kind.__name__}. Received: {shorten(value)}",
        )
    return value


def _side(metadata: Mapping[str, Any], key: str) -> int:
    side = _required(metadata, key, int, "metadata.")
    if not 1 <= side <= _MAX_SIDE:
        raise ClipError(
            PrepareReason.VALUE_MALFORMED,
            f"metadata.{key} must lie in 1..{_MAX_SIDE}. Received: {side}",
        )
    return side


def _date_and_video(file_video: str) -> tuple[str, str]:
    """Returns ("20201215", "cat-sitdown-014540") of "20201215/cat-sitdown-014540.mp4"."""
    folder, _, name = normalise(file_video).replace("\\", "/").rpartition("/")
    video = name[: -len(".mp4")] if name.lower().endswith(".mp4") else name
    if not video or not video.isprintable():
        raise ClipError(
            PrepareReason.VALUE_MALFORMED,
            f"file_video must be <date>/<video>.mp4. Received: {shorten(file_video)}",
        )
    if dated := _DATED_NAME.fullmatch(video):
        return dated[1], dated[2]
    date = folder.rpartition("/")[2]
    return (date if _DATE.fullmatch(date) else ""), video


def _animal(name: str, species: str, date: str, metadata: Mapping[str, Any]) -> AnimalClip | None:
    animal, owner, seq = (metadata.get(key) for key in ("animal", "owner", "seq"))
    if type(animal) is not dict or type(owner) is not dict or type(seq) is not int or not date:
        return None
    values = (animal.get("breed"), animal.get("age"), animal.get("gender"), owner.get("situation"))
    if not all(type(value) in (str, int) and value != "" for value in values):
        return None
    breed, age, gender, situation = (normalise(str(value)) for value in values)
    return AnimalClip(name, species, seq, date, breed, age, gender, situation)
