"""Looks at a stream of requests window by window, and remembers what differs.

Each time a tenth of a window of requests has come, the last ``drift.window`` requests are judged,
and the last twice as many. The chance of a false alarm in a window is shared out to its tests and
to both series (Bonferroni), so that it holds however the tests depend on each other.
"""

import datetime
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from monitoring.comparisons import Comparison, Tolerances, comparisons, shares_of_chance
from monitoring.over_time import OverTime
from monitoring.reference import FACTS, Kept, Reference
from monitoring.requests import SHARES, Requests, joined
from monitoring.settings import DriftSettings
from schemas.documents.drift import Alarm

Array = npt.NDArray[np.float64]
_SERIES = (1, 2)
"""Lengths of the windows, in ``drift.window``."""
_STEPS = 10
"""Steps in a window: a change is seen when most of a window has it, wherever it begins."""


class Watch:
    """What has been seen of a stream; memory does not grow with it.

    Attributes:
      requests: rows that came.
      compared: those with a mood.
      windows: windows that were judged.
      alarms: by test, at its first window.
      over_time: windows of the first series.
      predicted: float64[k], rows by predicted mood.
      shares: by name, (rows that are so, rows that are known).
      first_time, last_time: microseconds since 1970; 0 without rows.
    """

    def __init__(
        self, reference: Reference, tolerances: Tolerances, settings: DriftSettings
    ) -> None:
        self._reference, self._tolerances, self._settings = reference, tolerances, settings
        rng = np.random.default_rng(settings.seed)
        moods = [f"probability {number}" for number in range(len(reference.moods))]
        self._facts = Kept(FACTS, settings.reference_rows, rng)
        self._probabilities = Kept(moods, settings.reference_rows, rng)
        chance = settings.false_alarms / len(_SERIES)
        self._limits = {name: chance * of for name, of in shares_of_chance(reference).items()}
        self._step = settings.window // _STEPS
        self._recent: Requests | None = None
        self._waiting: Requests | None = None
        self._taken = 0
        self.requests = self.compared = self.windows = 0
        self.alarms: dict[str, Alarm] = {}
        self.over_time = OverTime()
        self.predicted = np.zeros(len(reference.moods))
        self.shares = dict.fromkeys(SHARES, (0, 0))
        self.first_time = self.last_time = 0

    def add(self, requests: Requests) -> list[Alarm]:
        """Takes requests of any number, and returns the alarms that are new."""
        if not len(requests):
            return []
        self._count(requests)
        before = len(self.alarms)
        waiting = joined([self._waiting, requests]) if self._waiting is not None else requests
        begin = 0
        while len(waiting) - begin >= self._step:
            self._take(waiting.part(begin, begin + self._step))
            begin += self._step
        self._waiting = waiting.part(begin, len(waiting))
        return list(self.alarms.values())[before:]

    def facts(self) -> dict[str, Array]:
        """Returns rows of the whole log by fact, in rising order; at most some thousand."""
        return self._facts.sorted()

    def probabilities(self) -> Array:
        """Returns probabilities of rows with a mood, float64[n, k]; at most some thousand."""
        return self._probabilities.rows()

    def _count(self, requests: Requests) -> None:
        self.first_time = self.first_time or int(requests.time[0])
        self.last_time = int(requests.time[-1])
        self.requests += len(requests)
        has_mood = requests.mood >= 0
        self.compared += int(has_mood.sum())
        self.predicted += np.bincount(requests.mood[has_mood], minlength=len(self.predicted))
        for name, values in requests.shares.items():
            so, of = self.shares[name]
            self.shares[name] = (so + int((values == 1).sum()), of + int((values >= 0).sum()))
        self._facts.add(requests.facts, len(requests))
        found = requests.probabilities[has_mood]
        names = self._probabilities.names
        self._probabilities.add(dict(zip(names, found.T, strict=True)), len(found))

    def _take(self, step: Requests) -> None:
        """Judges the windows that end with this step."""
        longest = _STEPS * self._step * max(_SERIES)
        recent = step if self._recent is None else joined([self._recent, step])
        self._recent = recent = recent.part(max(0, len(recent) - longest), len(recent))
        self._taken += len(step)
        shortest: list[Comparison] = []
        failed: list[Comparison] = []
        for series in _SERIES:
            length = series * _STEPS * self._step
            if len(recent) < length:
                continue
            self.windows += 1
            window = recent.part(len(recent) - length, len(recent))
            found = [*comparisons(window, self._reference, self._tolerances, self._settings)]
            shortest = shortest or found
            failed_here = [
                one
                for one in found
                if one.chance < self._limits[one.test] and one.change > one.tolerance
            ]
            self._raise(window, failed_here)
            failed += failed_here
        if len(recent) >= _STEPS * self._step:
            names = [one.test for one in failed]
            self.over_time.add(self._taken, int(recent.time[-1]), shortest, names)

    def _raise(self, window: Requests, failed: Sequence[Comparison]) -> None:
        for one in failed:
            if one.test in self.alarms:
                self.alarms[one.test]["windows"] += 1
                continue
            self.alarms[one.test] = {
                **one._asdict(),  # type: ignore[typeddict-item]
                "window": len(window),
                "request": self._taken,
                "time": utc(int(window.time[-1])),
                "windows": 1,
            }


def utc(microseconds: int) -> str:
    """Returns a time as ``2026-03-01T12:00:00+00:00``."""
    moment = datetime.datetime.fromtimestamp(microseconds / 1e6, datetime.timezone.utc)
    return moment.isoformat(timespec="seconds")
