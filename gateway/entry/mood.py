"""``POST /v1/mood``: a photo, perhaps with a box, and its answer as one plain object."""

import math
from collections.abc import AsyncGenerator, Mapping
from typing import Any, NamedTuple

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from dataset.boxes import BoxError, PixelBox, parse_box
from gateway.calls import Answer
from schemas import signatures
from system.web.refusals import RefusedError

BAD_REQUEST = "bad_request"
PHOTO_FIELD, BOX_FIELD = "photo", "box"
"""Fields of a form; ``box`` may also be in the query."""

_STATUS_CODES = {
    signatures.STATUS_OK: 200,
    # The photo is sound, and what the model says of it is an answer.
    "no_animal": 200,
    signatures.STATUS_IMAGE_TOO_LARGE: 413,
}
_MAX_FIELDS = 4


class MoodRequest(NamedTuple):
    """A photo and the box around the animal."""

    photo: bytes
    box: PixelBox | None


async def parsed_request(request: Request, body: bytes) -> MoodRequest:
    """Returns the photo and the box of a request, whose body is a form or the photo itself.

    Raises:
      RefusedError: 400, there is no photo, or a form is of another kind; 422, the box is none.
    """
    box_text = request.query_params.get(BOX_FIELD)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        photo, form_box = await _parsed_form(request, body)
        box_text = form_box if form_box is not None else box_text
    else:
        photo = body
    if not photo:
        raise RefusedError(
            400,
            BAD_REQUEST,
            f'the body must be a photo, or a form with the photo in the field "{PHOTO_FIELD}"',
        )
    try:
        return MoodRequest(photo, parse_box(box_text) if box_text else None)
    except BoxError as error:
        raise RefusedError(422, error.reason.value, str(error)) from error


async def _parsed_form(request: Request, body: bytes) -> tuple[bytes, str | None]:
    async def whole() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(request.headers, whole(), max_files=1, max_fields=_MAX_FIELDS)
    # The body is in memory already: a file on the disk would only be a second copy of it.
    parser.spool_max_size = len(body) + 1
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        words = getattr(error, "message", str(error))
        raise RefusedError(400, BAD_REQUEST, f"the form cannot be read: {words}") from error
    try:
        photo, box = form.get(PHOTO_FIELD), form.get(BOX_FIELD)
        content = await photo.read() if isinstance(photo, UploadFile) else b""
        return content, box if isinstance(box, str) else None
    finally:
        await form.close()


def answer_document(answer: Answer, model: str, request_id: str) -> tuple[int, dict[str, Any]]:
    """Returns the HTTP status and the document for a photo's answer.

    Of the outputs, those that the model gives are in it.
    """
    row = answer.rows[0]
    status = row.get(signatures.STATUS)
    probabilities = _probabilities(row)
    is_ok = status == signatures.STATUS_OK
    document: dict[str, Any] = {
        "mood": row.get(signatures.MOOD) if is_ok else None,
        "status": status,
        "probabilities": probabilities if is_ok else {},
    }
    for name in (signatures.MOOD_ID, signatures.UNSURE, signatures.BOX, "box_source", "found"):
        if name in row:
            document[name] = row[name]
    document |= {"model": model, "version": answer.version, "request_id": request_id}
    return _STATUS_CODES.get(str(status), 422), document


def _probabilities(row: Mapping[str, Any]) -> dict[str, float]:
    """Returns the probability of each mood.

    Raises:
      ValueError: the answer is not one of this project's models, or a probability is no number.
    """
    names, values = row.get(signatures.MOODS), row.get(signatures.PROBABILITIES)
    if not (
        isinstance(row.get(signatures.STATUS), str)
        and isinstance(names, list)
        and isinstance(values, list)
        and len(names) == len(values)
        and all(isinstance(value, int | float) and math.isfinite(value) for value in values)
    ):
        raise ValueError("the model does not return the outputs of this project's models")
    return {str(name): round(float(value), 6) for name, value in zip(names, values, strict=True)}
