"""What a server may answer: its size, and its form.

Nothing of an answer is taken for granted: a server may have been replaced by another one, or mean
harm. Shapes, types and names are compared with the request before anything is built of them.
"""

import math
import re
from collections.abc import Sequence

from client.backends.model import Response
from dataset.boxes import PixelBox
from schemas import signatures
from schemas.labels import MAX_MOODS, MAX_NAME_LENGTH, LabelMapError, check_names

NEEDED = (signatures.STATUS, signatures.MOOD, signatures.MOODS, signatures.PROBABILITIES)
"""The outputs that there must be. A server may send others, which nobody unpacks."""
OPTIONAL = (signatures.UNSURE, signatures.BOX, signatures.BOX_SOURCE, signatures.FOUND)
"""Outputs that are used too, and that servables of before do not have."""

_FIXED_BYTES = 64 << 10
_PICTURE_BYTES = 4 << 10
_MOOD_BYTES = 128
"""Of a probability in JSON, with the blanks that TensorFlow Serving writes before it."""
_CHARACTER_BYTES = 12
"""Of a character of a mood's name in JSON: two escapes of six."""
_STATUS = re.compile(r"[a-z][a-z0-9_]{0,63}")
_ROUNDING = 1e-3
_MAX_SIDE = 2**31
"""Pixels: beyond the side of any photo."""


class AnswerError(ValueError):
    """An answer that does not fit the request."""


def max_bytes(num_pictures: int, mood_names: Sequence[str] | None) -> int:
    """Returns the largest size of an answer, in bytes.

    Args:
      num_pictures: in the request.
      mood_names: of the model; None before its first answer, when they may be any.
    """
    num_moods = MAX_MOODS if mood_names is None else len(mood_names)
    characters = MAX_MOODS * MAX_NAME_LENGTH if mood_names is None else sum(map(len, mood_names))
    picture = _PICTURE_BYTES + num_moods * _MOOD_BYTES + characters * _CHARACTER_BYTES
    return _FIXED_BYTES + num_pictures * picture


def checked_response(
    status: object,
    mood: object,
    mood_names: object,
    probabilities: object,
    unsure: object = None,
    box: object = None,
    box_source: object = None,
    found: object = None,
) -> Response:
    """Returns the response in one row of an answer.

    Args:
      status: a word.
      mood: one of the names, or "" unless the status is ok.
      mood_names: a list of texts.
      probabilities: a list of as many numbers; NaN and infinity are passed on.
      unsure: a truth value; None where the answer has none.
      box: a list of four whole numbers, or None of a model that does not tell.
      box_source: one of ``signatures.BOX_SOURCES``, or "" unless the status is ok.
      found: a number from 0 to 1, or None.

    Raises:
      AnswerError: the row is of another form.
    """
    if not isinstance(status, str) or not _STATUS.fullmatch(status):
        raise AnswerError(f"the status {_shown(status)}")
    if not isinstance(mood_names, list) or not all(isinstance(name, str) for name in mood_names):
        raise AnswerError(f"the moods {_shown(mood_names)}")
    try:
        check_names(tuple(mood_names))
    except LabelMapError as error:
        raise AnswerError(f"moods that cannot be used. {error}") from error
    if not isinstance(mood, str) or mood not in (mood_names if status == "ok" else ("",)):
        raise AnswerError(f"the mood {_shown(mood)} with the status {status}")
    if not isinstance(probabilities, list) or len(probabilities) != len(mood_names):
        raise AnswerError(f"the probabilities {_shown(probabilities)} of {len(mood_names)} moods")
    if unsure is not None and not isinstance(unsure, bool):
        raise AnswerError(f"{_shown(unsure)} where {signatures.UNSURE} is true or false")
    numbers = map(_probability, probabilities)
    response = Response(status, mood, dict(zip(mood_names, numbers, strict=True)), unsure)
    if box is None:
        return response
    if box_source not in (signatures.BOX_SOURCES if status == "ok" else ("",)):
        raise AnswerError(f"the box source {_shown(box_source)} with the status {status}")
    score = _probability(found)
    if not math.isfinite(score):
        raise AnswerError(f"the score {score}")
    used = _box(box) if box_source else None
    return response._replace(box=used, box_source=str(box_source), found=score)


def _box(value: object) -> PixelBox:
    if not isinstance(value, list) or len(value) != 4:
        raise AnswerError(f"the box {_shown(value)}")
    if any(isinstance(side, bool) or not isinstance(side, int) for side in value):
        raise AnswerError(f"the box {_shown(value)}")
    box = PixelBox(*value)
    if min(box.y, box.x) < 0 or min(box.height, box.width) < 1 or max(box) > _MAX_SIDE:
        raise AnswerError(f"the box {_shown(value)}")
    return box


def check_moods(responses: Sequence[Response], mood_names: Sequence[str]) -> None:
    """Raises AnswerError unless every response has the moods of the first answer, in order."""
    for response in responses:
        if [*response.probabilities] != [*mood_names]:
            raise AnswerError(
                f"the moods {_shown([*response.probabilities])}, where its first answer had "
                f"{_shown([*mood_names])}. Another version or model has taken its place: name one "
                "with /versions/N"
            )


def _probability(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise AnswerError(f"the probability {_shown(value)}")
    try:
        number = float(value)
    except OverflowError as error:
        raise AnswerError("a probability of hundreds of digits") from error
    if math.isfinite(number) and not -_ROUNDING <= number <= 1 + _ROUNDING:
        raise AnswerError(f"the probability {number:g}")
    return number


def _shown(value: object) -> str:
    """Returns the beginning of a value, whatever it is."""
    if isinstance(value, str | list):
        value = value[:20]
    try:
        text = ascii(value) if not isinstance(value, str | list) else repr(value)
    except (RecursionError, ValueError):  # Nested deeply, or a number of thousands of digits.
        return f"of the kind {type(value).__name__}"
    return text if len(text) <= 100 else text[:100] + "…"
