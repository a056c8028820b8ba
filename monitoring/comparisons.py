"""Tests of one window of requests against the reference.

A difference counts if it is more than chance and large enough to matter:

- Image facts: Kolmogorov-Smirnov's test, and Jensen-Shannon's divergence with the threshold of the
  schema's drift comparator (TFDV's).
- Moods: Fisher's exact test of each predicted mood's share, and the largest difference of a share
  (TFDV's infinity norm) with the threshold of the schema's label.
- Shares (unsure, unusable): Fisher's exact test against the reference, where it is known.
- no_animal: the binomial test against the share that is nothing to tell.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from google.protobuf import text_format
from scipy import special, stats
from tensorflow_metadata.proto.v0 import schema_pb2

from monitoring.reference import FACTS, Reference
from monitoring.requests import NO_ANIMAL, SHARES, Requests
from monitoring.settings import DriftSettings
from schemas import request_log as columns
from schemas.documents.drift import MOOD_TEST
from schemas.errors import ConfigError

Array = npt.NDArray[np.float64]
SCHEMA = Path(__file__).resolve().parents[1] / "schemas" / "schema.pbtxt"
_FEATURES = {
    columns.BRIGHTNESS: "quality/brightness",
    columns.CONTRAST: "quality/contrast",
    columns.SHARPNESS: "quality/sharpness",
    columns.BOX_AREA: "box/area",
}
_BINS = 10
_OF_MOODS, _BY_SHARE = 0.8, 0.95
"""Of a window's chance of a false alarm: the part of all moods; and of this, what is shared out by
their frequency, and not alike (docs/decisions/0043-drift.md)."""
_FEWEST = 30
"""Values of a fact in a window, below which it is not compared."""


class Tolerances(NamedTuple):
    """Changes that are too small to matter.

    Attributes:
      facts: Jensen-Shannon's divergence by fact.
      mood: difference of a mood's share.
    """

    facts: dict[str, float]
    mood: float


class Comparison(NamedTuple):
    """One test of a window; the fields are those of ``schemas.documents.drift.Alarm``."""

    test: str
    value: float
    reference: float
    change: float
    tolerance: float
    chance: float


def read_tolerances(path: Path = SCHEMA) -> Tolerances:
    """Returns the thresholds of the schema's drift comparators.

    Raises:
      ConfigError: one is missing, or the file is no schema.
    """
    schema = schema_pb2.Schema()
    try:
        text_format.Parse(path.read_text("utf-8"), schema)
    except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
        raise ConfigError(f"{path} must be a schema. Received: {error}") from error
    found = {feature.name: feature.drift_comparator for feature in schema.feature}
    facts = {}
    for fact, feature in _FEATURES.items():
        threshold = found[feature].jensen_shannon_divergence.threshold if feature in found else 0.0
        if not threshold:
            raise ConfigError(
                f"{path} must have a drift_comparator with jensen_shannon_divergence for {feature}"
            )
        facts[fact] = threshold
    mood = found["label"].infinity_norm.threshold if "label" in found else 0.0
    if not mood:
        raise ConfigError(f"{path} must have a drift_comparator with infinity_norm for label")
    return Tolerances(facts, mood)


def comparisons(
    window: Requests, reference: Reference, tolerances: Tolerances, settings: DriftSettings
) -> Iterator[Comparison]:
    """Yields the tests of a window."""
    for fact in FACTS:
        values = window.facts[fact]
        values = np.sort(values[~np.isnan(values)])
        known = reference.facts[fact]
        if len(values) >= _FEWEST and len(known) >= settings.min_reference:
            yield Comparison(
                fact,
                float(np.median(values)),
                float(np.median(known)),
                divergence(values, known),
                tolerances.facts[fact],
                ks_chance(values, known),
            )
    moods = window.mood[window.mood >= 0]
    if len(moods) >= _FEWEST and reference.predicted.sum() >= settings.min_reference:
        counts = np.bincount(moods, minlength=len(reference.moods))
        of = int(reference.predicted.sum())
        for number, name in enumerate(reference.moods):
            yield _of_shares(
                mood_test(name),
                (int(counts[number]), len(moods)),
                (int(reference.predicted[number]), of),
                tolerances.mood,
            )
    yield from _shares(window, reference.shares, settings)


def mood_test(name: str) -> str:
    """Returns the name of the test of a mood's share."""
    return f"{MOOD_TEST}{name}"


def shares_of_chance(reference: Reference) -> dict[str, float]:
    """Returns by test which share of a window's chance of a false alarm it has; the sum is 1.

    Moods have most of it, and of theirs the common ones: another prior moves the predictions by
    little, while image facts and other shares show a change with far fewer requests.
    """
    others = (1 - _OF_MOODS) / 2
    found = dict.fromkeys(FACTS, others / len(FACTS))
    found |= dict.fromkeys(SHARES, others / len(SHARES))
    count, total = len(reference.moods), max(reference.predicted.sum(), 1)
    for name, rows in zip(reference.moods, reference.predicted, strict=True):
        alike = (1 - _BY_SHARE) / count
        found[mood_test(name)] = _OF_MOODS * (_BY_SHARE * float(rows / total) + alike)
    return found


def divergence(values: Array, known: Array) -> float:
    """Returns Jensen-Shannon's divergence of two samples, base 2, in [0, 1].

    The bins hold the same share of ``known`` each; what a sample of this size differs by on average
    from its own distribution (about (bins - 1) / (8 n ln 2) for each side) is taken off.

    Args:
      values: float64[n].
      known: float64[m], in rising order.
    """
    edges = np.unique(known[np.arange(1, _BINS) * len(known) // _BINS])
    first = np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1) / len(values)
    up_to = np.searchsorted(known, edges, "right")
    second = np.diff(up_to, prepend=0, append=len(known)) / len(known)
    middle = (first + second) / 2
    found = (special.rel_entr(first, middle) + special.rel_entr(second, middle)).sum() / 2
    by_chance = len(edges) / 8 * (1 / len(values) + 1 / len(known))
    return float(max(0.0, (found - by_chance) / np.log(2)))


def ks_chance(values: Array, known: Array) -> float:
    """Returns the probability of so large a distance by chance (Kolmogorov's distribution).

    Args:
      values: float64[n], in rising order.
      known: float64[m], in rising order.
    """
    count, of = len(values), len(known)
    # The largest distance lies at one of the values, or just before it.
    above = np.arange(1, count + 1) / count - np.searchsorted(known, values, "right") / of
    below = np.searchsorted(known, values, "left") / of - np.arange(count) / count
    distance = max(above.max(), below.max())
    return float(special.kolmogorov(np.sqrt(count * of / (count + of)) * distance))


def _shares(
    window: Requests, known: Mapping[str, tuple[int, int]], settings: DriftSettings
) -> Iterator[Comparison]:
    for name, values in window.shares.items():
        so, of = int((values == 1).sum()), int((values >= 0).sum())
        if of < _FEWEST:
            continue
        if name == NO_ANIMAL and name not in known:
            chance = float(stats.binom.sf(so - 1, of, settings.no_animal))
            yield Comparison(name, so / of, settings.no_animal, so / of - settings.no_animal, 0.0,
                             chance)  # fmt: skip
        elif name in known and known[name][1] >= settings.min_reference:
            yield _of_shares(name, (so, of), known[name], settings.share_change)


def _of_shares(
    test: str, window: tuple[int, int], known: tuple[int, int], tolerance: float
) -> Comparison:
    (so, of), (known_so, known_of) = window, known
    cells = [[so, of - so], [known_so, known_of - known_so]]
    value, reference = so / of, known_so / known_of
    # Far from the tolerance the exact test, which takes a millisecond, would change nothing.
    change = abs(value - reference)
    chance = float(stats.fisher_exact(cells)[1]) if change > tolerance else 1.0
    return Comparison(test, value, reference, change, tolerance, chance)
