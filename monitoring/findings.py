"""The document of what a watch has found."""

from collections.abc import Iterator

import numpy as np

from dataset.scores import f1s, macro_f1
from monitoring.comparisons import Tolerances, divergence, mood_test
from monitoring.reference import FACTS, Reference
from monitoring.settings import DriftSettings
from monitoring.shift import estimated_macro_f1, estimated_prior_em, shift
from monitoring.watch import Watch, utc
from report.drift.notes import notes
from schemas.documents.drift import Drift, FactComparison, MoodComparison, WindowRecord
from system.printable import printable

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def document_of(
    watch: Watch,
    reference: Reference,
    tolerances: Tolerances,
    settings: DriftSettings,
    version: int | None,
) -> Drift:
    """Returns ``drift.json``."""
    found: Drift = {
        "verdict": "drift" if watch.alarms else "steady" if watch.windows else "too_few",
        "requests": watch.requests,
        "compared": watch.compared,
        "windows": watch.windows,
        "since": utc(watch.first_time) if watch.requests else "",
        "until": utc(watch.last_time) if watch.requests else "",
        "version": version,
        "reference": printable(reference.source),
        "reference_rows": reference.rows,
        "alarms": list(watch.alarms.values()),
        "facts": dict(_facts(watch, reference, tolerances)),
        "moods": {},
        "shares": {
            name: {
                "reference": None
                if name not in reference.shares
                else _share(reference.shares[name]),
                "log": pair[0] / pair[1],
                "rows": pair[1],
            }
            for name, pair in watch.shares.items()
            if pair[1]
        },
        "macro_f1": None,
        "estimated_macro_f1": None,
        "estimated_interval": None,
        "over_time": list(_over_time(watch, reference)),
        "settings": settings.model_dump(mode="json"),
        "notes": [],
    }
    found["notes"] = [english for _, english in notes(found)]
    if watch.compared and reference.confusion.sum():
        _add_moods(found, watch, reference, settings)
    return found


def _add_moods(found: Drift, watch: Watch, reference: Reference, settings: DriftSettings) -> None:
    confusion = reference.confusion
    estimate = shift(confusion, watch.predicted, np.random.default_rng(settings.seed))
    em = estimated_prior_em(watch.probabilities(), reference.prior)
    before = f1s(confusion)
    shares = watch.predicted / watch.predicted.sum()
    known = reference.predicted / max(reference.predicted.sum(), 1)
    for number, name in enumerate(reference.moods):
        one: MoodComparison = {
            "reference_prior": float(reference.prior[number]),
            "reference_predicted": float(known[number]),
            "predicted": float(shares[number]),
            "prior": float(estimate.prior[number]),
            "interval": estimate.interval[:, number].tolist(),
            "prior_em": float(em[number]),
            "f1": float(before[number]),
            "estimated_f1": float(estimate.f1[number]),
        }
        found["moods"][name] = one
    found["macro_f1"] = float(macro_f1(confusion))
    found["estimated_macro_f1"] = estimate.macro_f1
    found["estimated_interval"] = list(estimate.macro_f1_interval)


def _facts(
    watch: Watch, reference: Reference, tolerances: Tolerances
) -> Iterator[tuple[str, FactComparison]]:
    seen = watch.facts()
    for name in FACTS:
        values, known = seen[name], reference.facts[name]
        if len(values) and len(known):
            yield (
                name,
                {
                    "reference": np.quantile(known, _QUANTILES).tolist(),
                    "log": np.quantile(values, _QUANTILES).tolist(),
                    "divergence": divergence(values, known),
                    "tolerance": tolerances.facts[name],
                },
            )


def _over_time(watch: Watch, reference: Reference) -> Iterator[WindowRecord]:
    names = [mood_test(name) for name in reference.moods]
    is_known = bool(reference.confusion.sum())
    for one in watch.over_time.records():
        shares = np.array([one["values"].get(name, 0.0) for name in names])
        score = (
            estimated_macro_f1(reference.confusion, shares) if is_known and shares.any() else None
        )
        yield {**one, "time": utc(one["time"]), "estimated_macro_f1": score}


def _share(pair: tuple[int, int] | None) -> float | None:
    return None if pair is None else pair[0] / max(pair[1], 1)
