"""Checks the annotated frames of one clip: rows for the CSV, rejects and counts."""

from collections.abc import Callable
from typing import Any, NamedTuple

from dataset.aihub.clip_folders import ImageFolder
from dataset.aihub.clip_json import Clip, shorten
from dataset.aihub.label_files import FRAME_IMAGE
from dataset.boxes import BoxError, clip_box, parse_box
from schemas.prepare_reasons import PrepareReason

Cell = str | int
Fault = tuple[PrepareReason, str]
"""A reason and its detail."""
ImageCheck = Callable[[str, int, int], Fault | None]
"""Checks an image file: (path relative to the root, expected width, expected height) to a fault,
or None for a sound file."""

GROUP_MARK = "\1"
"""Placeholder in the group's cell until all clips are known; names that contain it are refused."""


class FrameReject(NamedTuple):
    """A refused frame; ``frame`` is its number, or ``#<index>`` of an annotation without one."""

    frame: str
    reason: PrepareReason
    detail: str


class ClipFrames(NamedTuple):
    """Rows and rejects of a clip's frames, and counts.

    Attributes:
      rows: cells in the order of ``csv_columns.PREPARED``; rows in the order of the annotations.
      rejects: in the order of the annotations.
      without_image: numbers of the annotated frames without an image file.
      unannotated: number of files in the image folder that no annotation names.
    """

    rows: list[tuple[Cell, ...]]
    rejects: list[FrameReject]
    without_image: list[int]
    unannotated: int


def image_name(number: object, timestamp: object) -> str:
    """Returns the file name of a frame's image, as AI Hub spells it."""
    return f"frame_{number}_timestamp_{timestamp}.jpg"


class _FrameError(ValueError):
    """An annotation that cannot be used, with the reason for refusing it."""

    def __init__(self, reason: PrepareReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def check_frames(
    clip: Clip, images: ImageFolder, check: ImageCheck | None = None, box_overhang: float = 0.0
) -> ClipFrames:
    """Checks every annotation of a clip.

    A frame without an image is not refused, even if its box is faulty: it could never be a row.
    Images whose names have another ending, or further zeros, are found.

    Args:
      clip: the content of its label file.
      images: the clip's image folder.
      check: checks an image file; with None every file counts as sound.
      box_overhang: share of a box's side that may lie outside of the metadata's frame. The ingest
        clips such a box, and has a setting of this name.
    """
    rows: list[tuple[Cell, ...]] = []
    rejects = []
    without_image: list[int] = []
    annotated_names: set[str] = set()
    used_names: set[str] = set()
    names_by_frame: dict[tuple[int, int], str] | None = None
    clip_cells = (clip.species, clip.name, GROUP_MARK)
    for index, annotation in enumerate(clip.annotations):
        frame = f"#{index}"
        try:
            number, timestamp = _number_and_timestamp(annotation)
            frame = str(number)
            name = image_name(number, timestamp)
            if name in annotated_names:
                raise _FrameError(PrepareReason.DUPLICATE_FRAME, name)
            annotated_names.add(name)

            if name not in images.names:
                if names_by_frame is None:
                    names_by_frame = _names_by_frame(images)
                found = names_by_frame.get((number, timestamp))
                if found is None:
                    without_image.append(number)
                    continue
                name = found
            used_names.add(name)
            box = _box_text(annotation.get("bounding_box"), clip, box_overhang)
            path = f"{images.path}/{name}"
            if check is not None and (fault := check(path, clip.width, clip.height)):
                raise _FrameError(*fault)
        except _FrameError as error:
            rejects.append(FrameReject(frame, error.reason, str(error)))
            continue

        rows.append(
            (path, box, clip.mood, *clip_cells, number, timestamp, clip.width, clip.height),
        )
    return ClipFrames(rows, rejects, without_image, len(images.names - used_names))


def _names_by_frame(images: ImageFolder) -> dict[tuple[int, int], str]:
    """Returns the names that AI Hub would spell otherwise, by (frame number, timestamp)."""
    # The pattern alone would take a tenth of the preparation's time.
    odd = sorted(name for name in images.names if "_0" in name or not name.endswith(".jpg"))
    matches = ((name, FRAME_IMAGE.fullmatch(name)) for name in reversed(odd))
    return {(int(match[1]), int(match[2])): name for name, match in matches if match}


def _number_and_timestamp(annotation: Any) -> tuple[int, int]:
    if type(annotation) is not dict:
        raise _FrameError(
            PrepareReason.FRAME_MALFORMED,
            f"an annotation must be an object. Received: {shorten(annotation)}",
        )
    number, timestamp = annotation.get("frame_number"), annotation.get("timestamp")
    if type(number) is not int or type(timestamp) is not int or number < 0 or timestamp < 0:
        raise _FrameError(
            PrepareReason.FRAME_MALFORMED,
            "frame_number and timestamp must be whole numbers from 0. "
            f"Received: {shorten(number)} and {shorten(timestamp)}",
        )
    return number, timestamp


def _box_text(box: Any, clip: Clip, overhang: float) -> str:
    """Returns the box as ``"y,x,height,width"``, unclipped.

    An ingest with the same share accepts every box that passes here.
    """
    if box is None:
        raise _FrameError(PrepareReason.BOX_MISSING, "bounding_box is absent or null")
    y, x, height, width = (
        map(box.get, ("y", "x", "height", "width")) if type(box) is dict else (None,) * 4
    )
    if type(y) is type(x) is type(height) is type(width) is float:
        # JSON does not tell 30.0 from 30, and some programs write every number so.
        y, x, height, width = (int(n) if n.is_integer() else n for n in (y, x, height, width))
    # The ingest could not tell 17 from "17", because it reads text.
    if not (type(y) is type(x) is type(height) is type(width) is int):
        raise _FrameError(
            PrepareReason.BOX_MALFORMED,
            f"x, y, width and height must be whole numbers. Received: {shorten(box)}",
        )
    text = f"{y},{x},{height},{width}"
    # Calling the ingest's functions for every box would take a third of the preparation's time.
    is_sound = y >= 0 and x >= 0 and height > 0 and width > 0
    if not (is_sound and y + height <= clip.height and x + width <= clip.width):
        try:
            clip_box(parse_box(text), overhang, clip.height, clip.width)
        except BoxError as error:
            raise _FrameError(PrepareReason(error.reason.value), str(error)) from error
    return text
