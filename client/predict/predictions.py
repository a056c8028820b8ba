"""Outcome of a prediction, and its line of JSON.

An outcome has one of two forms, which ``mood`` tells apart::

    {"image": "a.jpg", "mood": "행복/즐거움", "mood_id": "happy", "unsure": false,
     "probabilities": {"화남/불쾌": 0.01, ...},
     "box": [80, 60, 420, 420], "box_source": "found", "found": 0.93}
    {"image": "b.jpg", "mood": null, "error": "image_truncated", "detail": "..."}

``image`` is the path as it was named or found; bytes in it that are not UTF-8 become lone
surrogates, which ``os.fsencode`` turns back. ``unsure`` says whether the model does not know; it is
null where the model has no threshold. ``probabilities`` holds every mood in label map
order, to six decimals. ``error`` is a word of ``schemas.reasons``, one of the statuses of
``schemas.signatures`` and ``client.backends.model``, or ``ANSWER_NOT_FINITE``; ``box`` is
(y, x, height, width) in pixels of the upright picture, ``box_source`` says where it comes from
(``schemas.signatures.BOX_SOURCES``), and ``found`` is the locator's score, null where the model
does not tell;
``detail`` is for people.
"""

import json
from collections.abc import Mapping
from typing import NamedTuple

from dataset.boxes import PixelBox
from schemas.labels import mood_id

ANSWER_NOT_FINITE = "answer_not_finite"
"""The model has returned a probability that is NaN or infinite: its weights are corrupted."""

DECIMALS = 6
"""Decimals of probabilities in the output."""


class Prediction(NamedTuple):
    """A picture with a mood, and the box that was used.

    ``unsure`` is that of ``client.backends.model.Response``; ``found`` is None of a model that does
    not tell a score.
    """

    image: str
    mood: str
    probabilities: Mapping[str, float]
    unsure: bool | None = None
    box: PixelBox | None = None
    box_source: str = ""
    found: float | None = None

    @property
    def mood_id(self) -> str:
        """The mood's identifier."""
        return mood_id(self.mood)


class FailedPrediction(NamedTuple):
    """A picture without a mood, and the reason."""

    image: str
    error: str
    detail: str


Outcome = Prediction | FailedPrediction


def json_line(outcome: Outcome) -> str:
    """Returns the outcome as JSON on one line, without the line's end."""
    if isinstance(outcome, Prediction):
        rounded = {name: round(value, DECIMALS) for name, value in outcome.probabilities.items()}
        return _json(
            {
                "image": outcome.image,
                "mood": outcome.mood,
                "mood_id": outcome.mood_id,
                "unsure": outcome.unsure,
                "probabilities": rounded,
                "box": outcome.box,
                "box_source": outcome.box_source,
                "found": None if outcome.found is None else round(outcome.found, DECIMALS),
            }
        )
    return _json(
        {"image": outcome.image, "mood": None, "error": outcome.error, "detail": outcome.detail}
    )


def likeliest_moods(prediction: Prediction, count: int) -> list[tuple[str, float]]:
    """Returns the ``count`` likeliest moods with their probabilities, the likeliest first."""
    return sorted(prediction.probabilities.items(), key=lambda item: -item[1])[:count]


def _json(content: Mapping[str, object]) -> str:
    return json.dumps(content, ensure_ascii=False, allow_nan=False)
