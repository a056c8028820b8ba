"""What differs between runs, as ``schemas.documents.comparison.Comparison``."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from components.evaluator.intervals import interval_of
from components.evaluator.settings import EvaluateSettings
from dataset import scores
from dataset.resampling import TAIL, Array, interval, resampled
from report.comparison.paired_counts import PairedCounts, RowsDifferError
from report.comparison.run_files import RunFiles
from schemas.documents.comparison import (
    ComparedRun,
    Comparison,
    PairedDifference,
    ScoreRecord,
)
from schemas.documents.evaluation import HEADLINE, HeadlineName
from schemas.errors import ConfigError
from system.arrow import pa


def compare(runs: Sequence[RunFiles]) -> Comparison:
    """Returns the runs side by side; the first is what the others are compared with.

    Raises:
      ConfigError: a document or a table is not of the form that a run writes.
    """
    try:
        return _compared(runs)
    except ConfigError:
        raise
    # What an altered document leads to; every access would need its own check.
    except (
        *(ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError),
        pa.ArrowException,
    ) as error:
        raise ConfigError(
            "RUN must have the documents of a run, as this version writes them. Received: "
            f"{', '.join(str(run.path) for run in runs)}, of which one is altered or of another "
            f"version ({type(error).__name__}: {str(error)[:200]})"
        ) from error


def _compared(runs: Sequence[RunFiles]) -> Comparison:
    differences, why_not = _differences(runs)
    return {
        "runs": [_summary(run) for run in runs],
        "row_by_row": not why_not,
        "why_not": why_not,
        "differences": differences,
        "settings": _differing([_flat(run.record.get("settings") or {}) for run in runs]),
        "data": _differing([dict(_data(run)) for run in runs]),
        "versions": _differing([run.record.get("versions") or {} for run in runs]),
    }


def _summary(run: RunFiles) -> ComparedRun:
    metrics = run.metrics
    return {
        "name": run.name,
        "path": str(run.path),
        "started": run.record["started"],
        "ending": run.ending,
        "seconds": run.record.get("seconds"),
        "device": _device(run),
        "pushed": run.record.get("pushed"),
        "rows": metrics["rows"] if metrics else None,
        "clips": metrics["clips"] if metrics else None,
        "scores": _scores(run),
    }


def _device(run: RunFiles) -> str | None:
    return (run.training["device"] or "CPU") if run.training else None


def _scores(run: RunFiles) -> dict[HeadlineName, ScoreRecord] | None:
    """Returns the model's scores; of a lone run.json of an earlier version without intervals."""
    if run.metrics:
        model = run.metrics["model"]
        return {
            name: {"value": model[name], "interval": model["intervals"][name]} for name in HEADLINE
        }
    model = (run.record.get("metrics") or {}).get("model") or {}
    if any(model.get(name) is None for name in HEADLINE):
        return None
    return {name: {"value": model[name], "interval": None} for name in HEADLINE}


def _differences(runs: Sequence[RunFiles]) -> tuple[list[PairedDifference], str]:
    """Returns the paired differences to the first run, or why there are none."""
    for run in runs:
        if run.predictions is None:
            return [], f"{run.name} has no table of predictions, or it is no longer there"
    try:
        counts = PairedCounts([run.predictions for run in runs if run.predictions])
    except RowsDifferError as error:
        return [], str(error)
    except (OSError, ValueError, KeyError) as error:
        paths = ", ".join(str(run.predictions) for run in runs)
        raise ConfigError(
            f"The predictions of a run must be a table that its Evaluator wrote. Received: {paths} "
            f"({error})"
        ) from error
    first, *others = counts.matrices
    return [
        {
            "run": run.name,
            "reference": runs[0].name,
            "rows": counts.rows,
            "units": counts.units,
            "of": counts.unit,
            "scores": dict(zip(HEADLINE, _paired(first, matrix, _headline), strict=True)),
            "f1_by_mood": _by_mood(first, matrix, counts.mood_names),
        }
        for run, matrix in zip(runs[1:], others, strict=True)
    ], ""


def _headline(confusion: Array) -> Array:
    return scores.where_any(scores.headline(confusion), confusion[..., None, :, :])


def _f1s(confusion: Array) -> Array:
    return scores.where_present(scores.f1s(confusion), confusion)


def _by_mood(first: Array, other: Array, mood_names: Sequence[str]) -> dict[str, ScoreRecord]:
    """Returns the differences in F1 of the moods that have rows, by Bonferroni's correction."""
    has_rows = first.sum(axis=(0, 2)) > 0
    records = _paired(first, other, _f1s, tests=int(has_rows.sum()))
    return {
        name: record
        for name, record, present in zip(mood_names, records, has_rows, strict=True)
        if present
    }


def _paired(
    first: Array, other: Array, score: Callable[[Array], Array], tests: int = 1
) -> list[ScoreRecord]:
    """Returns scores of another run less those of the first, on the same draws of units.

    Args:
      first: float64[units, k, k + 1].
      other: likewise, of the same units.
      score: a function of matrices float64[..., k, k + 1] to float64[..., n].
      tests: number of intervals that hold together with 95 %.
    """
    settings = EvaluateSettings()
    values = np.nan_to_num(score(other.sum(axis=0)) - score(first.sum(axis=0))).tolist()
    if len(first) < 2:
        return [{"value": value, "interval": None} for value in values]
    draws = resampled(
        [first, other],
        lambda one, two: score(two) - score(one),
        settings.resamples,
        settings.seed,
    )
    ends = interval(draws, TAIL / tests).T.tolist()
    return [
        {"value": value, "interval": interval_of(low, high)}
        for value, (low, high) in zip(values, ends, strict=True)
    ]


def _flat(settings: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    return {
        f"{group}.{name}": value
        for group, values in settings.items()
        for name, value in values.items()
    }


def _differing(by_run: Sequence[Mapping[str, object]]) -> dict[str, list[object]]:
    """Returns the values of the names whose values are not the same in each run."""
    names = dict.fromkeys(name for values in by_run for name in values)
    listed = {name: [values.get(name) for values in by_run] for name in names}
    return {
        name: values
        for name, values in listed.items()
        if len({json.dumps(value, sort_keys=True) for value in values}) > 1
    }


def _data(run: RunFiles) -> Iterator[tuple[str, object]]:
    """Yields the figures of a run's data by name; None where they are not known."""
    for split, csv in (run.record.get("csvs") or {}).items():
        yield f"{split}: CSV", csv["path"]
        yield f"{split}: SHA-256", csv["sha256"]
    for split, rows in (run.record.get("rows") or {}).items():
        refused: Mapping[str, Any] = rows.get("refused") or {}
        yield f"{split}: rows used", rows.get("used")
        yield f"{split}: rows clipped", rows.get("clipped")
        yield f"{split}: rows refused", sum(count or 0 for count in refused.values())
        for reason, count in refused.items():
            if count:
                yield f"{split}: refused, {reason}", count
        for mood, count in (rows.get("moods") or {}).items():
            yield f"{split}: {mood}", count
        thinned = rows.get("thinned") or {}
        yield f"{split}: rows thinned", sum(count or 0 for count in thinned.values())
    yield "device", _device(run)
    yield "chosen on", run.record.get("chosen_on")
    if run.ingest:
        yield "version of the ingest", run.ingest.get("version")
