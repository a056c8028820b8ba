"""Streams of requests with a known cause of drift, drawn as the monitor's reference is.

A mood is drawn, then what the model predicts for it by a confusion matrix, then image facts whose
distributions are like those of real crops: skewed, bounded, and brightness and contrast related.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt

from monitoring.reference import Reference
from monitoring.requests import Requests

Cause = Literal["clean", "prior", "blur", "night", "no_animal", "unsure"]
CAUSES: tuple[Cause, ...] = ("prior", "blur", "night", "no_animal", "unsure")
Array = npt.NDArray[np.float64]

MOODS = ("화남/불쾌", "공포", "행복/즐거움", "편안/안정", "공격성", "불안/슬픔")
PRIOR = np.array([0.08, 0.05, 0.64, 0.13, 0.04, 0.06])
"""The commonest mood has 0.64 of the rows."""
COMMONEST, SHIFTED = 2, 0.40
RECALL = 0.65
"""Of every mood; the other predictions are spread over the others, the commonest twice as often."""


def confusion_rates() -> Array:
    """Returns P(predicted | true), float64[k, k]."""
    k = len(MOODS)
    rates = np.zeros((k, k))
    for true in range(k):
        weights = np.ones(k)
        weights[COMMONEST] = 2
        weights[true] = 0
        rates[true] = (1 - RECALL) * weights / weights.sum()
        rates[true, true] = RECALL
    return rates


def shifted_prior() -> Array:
    """Returns the prior in which the commonest mood has ``SHIFTED``, the others in proportion."""
    prior = PRIOR * (1 - SHIFTED) / (1 - PRIOR[COMMONEST])
    prior[COMMONEST] = SHIFTED
    return prior


def draw(rng: np.random.Generator, count: int, cause: Cause = "clean") -> Requests:
    """Returns requests.

    Causes: prior moves the commonest mood from 0.64 to 0.40; blur divides the sharpness by three in
    half of the photos; night darkens half of the photos by half; no_animal is in 15 of 100 photos
    (2 where there is nothing); unsure in 35 (20 where there is nothing).
    """
    true = rng.choice(len(MOODS), count, p=shifted_prior() if cause == "prior" else PRIOR)
    rates = confusion_rates()[true].cumsum(1)
    predicted = (rng.random((count, 1)) > rates).sum(1).clip(0, len(MOODS) - 1)
    brightness = rng.beta(5, 5.5, count)
    contrast = 0.5 * rng.beta(4, 6, count) * np.sqrt(brightness)
    sharpness = np.exp(rng.normal(6.3, 0.8, count))
    half = rng.random(count) < 0.5
    if cause == "blur":
        sharpness = np.where(half, sharpness / 3, sharpness)
    if cause == "night":
        brightness = np.where(half, brightness / 2, brightness)
        contrast = np.where(half, contrast / 2, contrast)
    is_none = rng.random(count) < (0.15 if cause == "no_animal" else 0.02)
    unsure = (rng.random(count) < (0.35 if cause == "unsure" else 0.20)).astype(np.int64)
    mood = np.where(is_none, -1, predicted)
    probabilities = np.zeros((count, len(MOODS)))
    probabilities[np.arange(count), predicted] = 1.0
    facts = {
        "brightness": brightness,
        "contrast": contrast,
        "sharpness": sharpness,
        "box_area": rng.beta(2, 4, count),
    }
    return Requests(
        time=np.arange(count, dtype=np.int64) * 1_000_000,
        mood=mood.astype(np.int64),
        probabilities=np.where(is_none[:, None], 0, probabilities),
        facts={name: np.where(is_none, np.nan, values) for name, values in facts.items()},
        shares={
            "unsure": np.where(is_none, -1, unsure),
            "no_animal": is_none.astype(np.int64),
            "unusable": np.zeros(count, np.int64),
        },
    )


def reference(rng: np.random.Generator, rows: int = 5000) -> Reference:
    """Returns a reference of so many eval rows, all with an animal."""
    drawn = draw(rng, rows)
    true = rng.choice(len(MOODS), rows, p=PRIOR)
    rates = confusion_rates()[true].cumsum(1)
    predicted = (rng.random((rows, 1)) > rates).sum(1).clip(0, len(MOODS) - 1)
    confusion = np.zeros((len(MOODS), len(MOODS)))
    np.add.at(confusion, (true, predicted), 1)
    facts = {name: np.sort(values[~np.isnan(values)]) for name, values in drawn.facts.items()}
    unsure = drawn.shares["unsure"]
    shares = {
        "unsure": (int((unsure == 1).sum()), int((unsure >= 0).sum())),
        "unusable": (0, rows),
    }
    return Reference("drawn", MOODS, rows, facts, confusion.sum(0), confusion, shares)
