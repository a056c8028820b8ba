"""Judging the annotated frames of one clip: rows for the CSV, rejects and counts."""

from collections.abc import Callable
from typing import Any, NamedTuple

from dataset.aihub.clip_json import Clip, short
from dataset.aihub.label_files import ImageFolder
from dataset.boxes import BoxError, check_box, parse_box
from schemas.prepare_reasons import PrepareReason

Cell = str | int
Fault = tuple[PrepareReason, str]
"""A reason and its detail."""
ImageCheck = Callable[[str, int, int], Fault | None]
"""Judges an image by its path relative to the root and the width and height it should have."""

GROUP_MARK = "\1"
"""Stands in the group's cell until all clips are known; names that hold it are refused."""


class FrameReject(NamedTuple):
    """A refused frame; ``frame`` is its number, or its place in the list as ``#<index>``."""

    frame: str
    reason: PrepareReason
    detail: str


class ClipFrames(NamedTuple):
    """What the frames of a clip come to.

    Attributes:
      rows: cells in the order of ``columns.PREPARED``, in the order of the annotations.
      rejects: in the same order.
      without_image: annotated frames that have no image file.
      unannotated: files in the image folder that no annotation names.
    """

    rows: list[tuple[Cell, ...]]
    rejects: list[FrameReject]
    without_image: int
    unannotated: int


def image_name(number: object, timestamp: object) -> str:
    """Returns the file name of a frame's image."""
    return f"frame_{number}_timestamp_{timestamp}.jpg"


class _FrameError(ValueError):
    """An annotation that cannot be used, with the reason."""

    def __init__(self, reason: PrepareReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def judge_frames(clip: Clip, images: ImageFolder, check: ImageCheck | None = None) -> ClipFrames:
    """Judges every annotation of a clip.

    A frame without an image is only counted, whatever its box: it could never be a row.

    Args:
      clip: as its label file tells.
      images: names of the files beside it.
      check: judges an image file; None takes every file for sound.
    """
    rows: list[tuple[Cell, ...]] = []
    rejects = []
    without_image = 0
    named: set[str] = set()
    told = (clip.species, clip.name, GROUP_MARK)
    for index, annotation in enumerate(clip.annotations):
        frame = f"#{index}"
        try:
            number, timestamp = _moment(annotation)
            frame = str(number)
            name = image_name(number, timestamp)
            if name in named:
                raise _FrameError(PrepareReason.DUPLICATE_FRAME, name)
            named.add(name)
            if name not in images.names:
                without_image += 1
                continue
            box = _box(annotation.get("bounding_box"), clip)
            path = f"{images.path}/{name}"
            if check is not None and (fault := check(path, clip.width, clip.height)):
                raise _FrameError(*fault)
        except _FrameError as error:
            rejects.append(FrameReject(frame, error.reason, str(error)))
            continue
        rows.append(
            (path, box, clip.mood, *told, number, timestamp, clip.width, clip.height),
        )
    return ClipFrames(rows, rejects, without_image, len(images.names - named))


def _moment(annotation: Any) -> tuple[int, int]:
    if type(annotation) is not dict:
        raise _FrameError(
            PrepareReason.FRAME_MALFORMED,
            f"an annotation must be an object. Received: {short(annotation)}",
        )
    number, timestamp = annotation.get("frame_number"), annotation.get("timestamp")
    if type(number) is not int or type(timestamp) is not int or number < 0 or timestamp < 0:
        raise _FrameError(
            PrepareReason.FRAME_MALFORMED,
            "frame_number and timestamp must be whole numbers from 0. "
            f"Received: {short(number)} and {short(timestamp)}",
        )
    return number, timestamp


def _box(box: Any, clip: Clip) -> str:
    """Returns the box as ``"y,x,height,width"``, such that the ingest will take it."""
    if box is None:
        raise _FrameError(PrepareReason.BOX_MISSING, "bounding_box is absent or null")
    y, x, height, width = (
        map(box.get, ("y", "x", "height", "width")) if type(box) is dict else (None,) * 4
    )
    # The ingest reads text, in which 17 and "17" are the same.
    if not (type(y) is type(x) is type(height) is type(width) is int):
        raise _FrameError(
            PrepareReason.BOX_MALFORMED,
            f"x, y, width and height must be integers. Received: {short(box)}",
        )
    text = f"{y},{x},{height},{width}"
    # To ask the ingest's functions for every box takes a third of the whole preparation.
    sound = y >= 0 and x >= 0 and height > 0 and width > 0
    if not (sound and y + height <= clip.height and x + width <= clip.width):
        try:
            check_box(parse_box(text), clip.height, clip.width, min_side=1)
        except BoxError as error:
            raise _FrameError(PrepareReason(error.reason.value), str(error)) from error
    return text
