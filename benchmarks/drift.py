"""How soon the monitor finds a change in simulated requests, and how often it finds one in none.

The streams are those of ``testing.monitoring.streams``. For each cause, after some thousand clean
requests, the cause sets in at any place; the delay is the number of requests with the cause until
the first test that names it fails. Clean streams are as long as 200 windows. Prints a line of JSON
for each cause.

    uv run python -m benchmarks.drift --streams 100
"""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks import flags
from monitoring.comparisons import Tolerances, read_tolerances
from monitoring.settings import DriftSettings
from monitoring.shift import estimated_prior
from monitoring.watch import Watch
from testing.monitoring.streams import (
    CAUSES,
    COMMONEST,
    SHIFTED,
    Cause,
    draw,
    reference,
)

TESTS: dict[Cause, set[str]] = {
    "prior": {"mood=행복/즐거움"},
    "blur": {"sharpness"},
    "night": {"brightness", "contrast"},
    "no_animal": {"no_animal"},
    "unsure": {"unsure"},
}
_CLEAN = 1000
_LONGEST = 1000
_WINDOWS = 200


def delay(cause: Cause, seed: int, tolerances: Tolerances) -> int | None:
    """Returns the delay in one stream; None where the cause is not found in 1,000 requests."""
    rng = np.random.default_rng(seed)
    watch = Watch(reference(rng), tolerances, DriftSettings())
    before = _CLEAN + int(rng.integers(DriftSettings().window))
    watch.add(draw(rng, before))
    watch.alarms.clear()
    alarms = watch.add(draw(rng, _LONGEST, cause))
    delays = [alarm["request"] - before for alarm in alarms if alarm["test"] in TESTS[cause]]
    return min(delays, default=None)


def false_alarms(seed: int, tolerances: Tolerances) -> int:
    """Returns how many tests fail in a clean stream."""
    rng = np.random.default_rng(seed)
    settings = DriftSettings()
    watch = Watch(reference(rng), tolerances, settings)
    watch.add(draw(rng, _WINDOWS * settings.window))
    return len(watch.alarms)


def prior_errors(seeds: range) -> Iterator[float]:
    """Yields the error of the estimated share of the commonest mood, after 500 requests."""
    for seed in seeds:
        rng = np.random.default_rng(seed)
        stream = draw(rng, 500, "prior")
        counts = np.bincount(stream.mood[stream.mood >= 0], minlength=6).astype(float)
        yield abs(estimated_prior(reference(rng).confusion, counts)[COMMONEST] - SHIFTED)


def measured(streams: int, clean: int, first: int) -> Iterator[dict[str, Any]]:
    """Yields the figures of each cause, of clean streams and of the estimate."""
    tolerances = read_tolerances()
    seeds = range(first, first + streams)
    for cause in CAUSES:
        delays = [delay(cause, seed, tolerances) for seed in seeds]
        found = np.array([each if each is not None else np.inf for each in delays])
        yield {
            "cause": cause,
            "streams": streams,
            "within_500": float((found <= 500).mean()),
            "median_delay": float(np.median(found)),
            "longest_delay": None if np.isinf(found.max()) else float(found.max()),
        }
    alarms = [false_alarms(seed, tolerances) for seed in range(first, first + clean)]
    yield {
        "cause": "clean",
        "streams": clean,
        "windows_each": _WINDOWS,
        "streams_with_more_than_one": sum(each > 1 for each in alarms),
        "streams_with_any": sum(each > 0 for each in alarms),
    }
    errors = [*prior_errors(seeds)]
    yield {
        "cause": "prior, estimated from 500 requests",
        "streams": streams,
        "median_error": round(float(np.median(errors)), 4),
        "percentile_95_of_error": round(float(np.percentile(errors, 95)), 4),
    }


def main() -> None:
    """Runs the command line."""
    parser = flags.parser(__doc__ or "")
    flags.add_number(parser, "--streams", 100, "streams with each cause")
    flags.add_number(parser, "--clean", 30, "clean streams of 200 windows")
    flags.add_number(parser, "--seed", 1, "of the first stream; the others follow")
    args = parser.parse_args()
    for line in measured(args.streams, args.clean, args.seed):
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
