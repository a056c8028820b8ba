"""What the monitor finds in a log of requests."""

from typing import Any, Literal, TypedDict

DriftVerdict = Literal["steady", "drift", "too_few"]
MOOD_TEST = "mood="
"""What the name of the test of a mood's share begins with."""


class Alarm(TypedDict):
    """A test that has failed, at the first window in which it did.

    Attributes:
      test: such as "brightness", "mood=행복/즐거움", "no_animal" or "unsure".
      window: requests in the window.
      request: number of the window's last request in the log, from 1.
      time: of that request, UTC.
      value: of the window: a share, or the median of an image fact.
      reference: the same of the reference.
      change: how far they are apart: a difference of shares, or Jensen-Shannon's divergence.
      tolerance: the change that must be exceeded.
      chance: the probability of so large a difference by chance alone.
      windows: how many windows failed the test, this one included.
    """

    test: str
    window: int
    request: int
    time: str
    value: float
    reference: float
    change: float
    tolerance: float
    chance: float
    windows: int


class FactComparison(TypedDict):
    """An image fact over the whole log.

    Attributes:
      reference: quantiles 5, 25, 50, 75 and 95 % of the reference.
      log: the same of the log, of at most some thousand rows.
      divergence: Jensen-Shannon's, base 2, [0, 1].
      tolerance: the schema's threshold.
    """

    reference: list[float]
    log: list[float]
    divergence: float
    tolerance: float


class MoodComparison(TypedDict):
    """A mood over the whole log; shares in [0, 1].

    Attributes:
      reference_prior: share of the rows whose true mood it was, in the run's eval split.
      reference_predicted: share of the rows for which it was predicted there.
      predicted: the same in the log.
      prior: estimated share of the photos whose true mood it is (black-box shift estimation).
      interval: of that, 95 %, by drawing requests and eval rows again.
      prior_em: the same estimated by expectation maximisation; None without probabilities.
      f1: of the eval split.
      estimated_f1: with the estimated shares.
    """

    reference_prior: float
    reference_predicted: float
    predicted: float
    prior: float
    interval: list[float]
    prior_em: float | None
    f1: float
    estimated_f1: float


class ShareComparison(TypedDict):
    """A share of the requests over the whole log; ``reference`` is None where it is not known."""

    reference: float | None
    log: float
    rows: int


class WindowRecord(TypedDict):
    """A window of ``drift.window`` requests, and those just before it that have no record.

    Attributes:
      request: number of its last request, from 1.
      time: of that request, UTC.
      values: by test: a share, or the median of an image fact; tests without values are left out.
      failed: tests that failed in any of these windows, or in one twice as long.
      estimated_macro_f1: with the window's estimated shares of moods; None without moods.
    """

    request: int
    time: str
    values: dict[str, float]
    failed: list[str]
    estimated_macro_f1: float | None


class Drift(TypedDict):
    """``drift.json``.

    Attributes:
      verdict: "drift" where a test has failed; "too_few" where no window is full.
      requests: rows of the log that were read, of this version.
      compared: those whose mood and image facts were compared.
      windows: windows that were judged.
      since, until: times of the first and the last row, UTC; "" without rows.
      version: of the model; None where the log has several and all were read.
      reference: what it was compared with.
      reference_rows: its rows.
      alarms: by the time of their first window.
      facts: by column of ``schemas.request_log``.
      moods: by name.
      shares: "unsure", "no_animal" and "unusable".
      macro_f1: of the eval split.
      estimated_macro_f1: with the estimated shares of moods, if photos of a mood look as before.
      estimated_interval: of that, 95 %.
      over_time: windows in the order of time, at most some hundred.
      settings: of the group ``drift``.
      notes: sentences for people.
    """

    verdict: DriftVerdict
    requests: int
    compared: int
    windows: int
    since: str
    until: str
    version: int | None
    reference: str
    reference_rows: int
    alarms: list[Alarm]
    facts: dict[str, FactComparison]
    moods: dict[str, MoodComparison]
    shares: dict[str, ShareComparison]
    macro_f1: float | None
    estimated_macro_f1: float | None
    estimated_interval: list[float] | None
    over_time: list[WindowRecord]
    settings: dict[str, Any]
    notes: list[str]


class Disagreement(TypedDict):
    """A logged photo about which two versions disagree."""

    request_id: str
    first: str
    second: str
    difference: float


class Shadow(TypedDict):
    """``shadow.json``: two versions on the same logged photos.

    Attributes:
      photos: that were asked of both.
      without_photo: rows of the log that keep no photo.
      first, second: names of the versions.
      agreement: share of the photos with the same mood or status.
      mean_difference: mean over photos of the largest difference of a probability.
      moods: names.
      counts: row i, column j: photos that the first gives mood i and the second mood j; the last
        row and column stand for no mood.
      disagreements: the largest first, at most a hundred.
    """

    photos: int
    without_photo: int
    first: str
    second: str
    agreement: float
    mean_difference: float
    moods: list[str]
    counts: list[list[int]]
    disagreements: list[Disagreement]
