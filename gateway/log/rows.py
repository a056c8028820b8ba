"""Rows of the request log, made of what the gateway tells of a request."""

import datetime
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from dataset.boxes import MAX_OVERHANG, BoxError, PixelBox
from dataset.photo import make_crop
from dataset.photos.opening import format_of, opened
from dataset.photos.parsed import PhotoError
from dataset.settings import DataSettings
from gateway.log.entries import Entry
from gateway.settings import LogSettings
from schemas import request_log as columns
from schemas import signatures
from schemas.limits import MAX_IMAGE_PIXELS


class Facts(NamedTuple):
    """What is measured of a photo: the log's columns of the same names."""

    format: str
    height: int | None = None
    width: int | None = None
    box_area: float | None = None
    brightness: float | None = None
    contrast: float | None = None
    sharpness: float | None = None


def rows_of(
    entry: Entry, photos: list[bytes | None], settings: LogSettings
) -> Iterator[dict[str, Any]]:
    """Yields a row of ``schemas.request_log`` for each row of a request."""
    for answer, given, photo in zip(entry["rows"], entry["boxes"], photos, strict=True):
        box = answer.get(signatures.BOX) or given
        facts = Facts("") if photo is None else measured(photo, box, settings)
        yield {
            columns.TIME: datetime.datetime.fromtimestamp(entry["time"], datetime.timezone.utc),
            columns.REQUEST: entry["request_id"],
            columns.ROUTE: entry["route"],
            columns.MODEL: entry["model"],
            columns.VERSION: entry["version"],
            columns.SIGNATURE: entry["signature"],
            columns.SECONDS: entry["seconds"],
            **_answered(answer),
            columns.BOX: None if box is None else list(box),
            columns.BOX_SOURCE: answer.get("box_source") or ("whole" if given is None else "given"),
            columns.PHOTO_BYTES: None if photo is None else len(photo),
            **facts._asdict(),
            columns.PHOTO: photo if settings.photos else None,
        }


def _answered(answer: Mapping[str, Any]) -> dict[str, Any]:
    mood = answer.get(signatures.MOOD) or ""
    return {
        columns.STATUS: answer.get(signatures.STATUS) or "",
        columns.MOOD: mood,
        columns.MOOD_ID: answer.get(signatures.MOOD_ID),
        columns.UNSURE: answer.get(signatures.UNSURE),
        columns.PROBABILITIES: answer.get(signatures.PROBABILITIES, []) if mood else [],
        columns.MOODS: answer.get(signatures.MOODS, []),
        columns.FOUND: answer.get("found"),
    }


def measured(photo: bytes, box: Any, settings: LogSettings) -> Facts:
    """Returns what can be measured of a photo; a photo that cannot be decoded has few facts.

    The view is cut out, shrunk and measured as the ingest does with the training's photos, so that
    the two can be compared.

    Args:
      photo: encoded.
      box: (y, x, height, width) in pixels of the upright photo; None is the whole photo.
      settings: margin and resolution of the view.
    """
    data = DataSettings(
        box_margin=settings.box_margin, surplus=0, box_overhang=MAX_OVERHANG, min_box_side=1
    )
    facts = Facts(format_of(photo) or "")
    try:
        with opened(photo, MAX_IMAGE_PIXELS) as one:
            facts = facts._replace(height=one.height, width=one.width)
            where = PixelBox(*box) if box else PixelBox(0, 0, one.height, one.width)
        crop = make_crop(photo, where, data, settings.resolution)
    except (PhotoError, BoxError):
        return facts
    area = crop.box.height * crop.box.width / (crop.image_height * crop.image_width)
    return facts._replace(
        box_area=area if box else None,
        brightness=crop.quality.brightness,
        contrast=crop.quality.contrast,
        sharpness=crop.quality.sharpness,
    )
