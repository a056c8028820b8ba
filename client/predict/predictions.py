"""A picture's row in the output, and its JSON line.

A row has one of two forms, told apart by ``mood``::

    {"image": "a.jpg", "mood": "행복/즐거움", "probabilities": {"화남/불쾌": 0.01, ...}}
    {"image": "b.jpg", "mood": null, "error": "image_truncated", "detail": "..."}

``image`` is the path as it was named or found; bytes in it that are not UTF-8 become lone
surrogates, which ``os.fsencode`` turns back. ``probabilities`` holds every mood in label map
order, to six decimals. ``error`` is a word of ``schemas.reasons``, one of the statuses of
``schemas.signatures`` and ``client.backends.model``, or ``ANSWER_NOT_FINITE``;
``detail`` is for people.
"""

import json
from collections.abc import Mapping
from typing import NamedTuple

ANSWER_NOT_FINITE = "answer_not_finite"
"""The model answered with a probability that is no number: its weights are spoilt."""

DECIMALS = 6
"""Of probabilities in the output."""


class Prediction(NamedTuple):
    """A picture with a mood."""

    image: str
    mood: str
    probabilities: Mapping[str, float]


class FailedPrediction(NamedTuple):
    """A picture without one, and why."""

    image: str
    error: str
    detail: str


Outcome = Prediction | FailedPrediction


def json_line(row: Outcome) -> str:
    """Returns the row as JSON on one line, without the line's end."""
    if isinstance(row, Prediction):
        rounded = {name: round(value, DECIMALS) for name, value in row.probabilities.items()}
        return _json({"image": row.image, "mood": row.mood, "probabilities": rounded})
    return _json({"image": row.image, "mood": None, "error": row.error, "detail": row.detail})


def best(row: Prediction, count: int) -> list[tuple[str, float]]:
    """Returns the ``count`` likeliest moods with their probabilities, the likeliest first."""
    return sorted(row.probabilities.items(), key=lambda item: -item[1])[:count]


def _json(content: Mapping[str, object]) -> str:
    return json.dumps(content, ensure_ascii=False, allow_nan=False)
