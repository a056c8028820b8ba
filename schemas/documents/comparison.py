"""Runs side by side, as ``compare.py`` writes them."""

from typing import TypedDict

from schemas.documents.evaluation import HeadlineName
from schemas.documents.intervals import Interval, ResamplingUnit


class ScoreRecord(TypedDict):
    """A score in [0, 1], or a difference of two, and its 95 % interval."""

    value: float
    interval: Interval


class ComparedRun(TypedDict):
    """One of the runs; None where it has not come so far, or an earlier version did not say.

    Attributes:
      name: short and of this run alone.
      path: that was given.
      started: local time with its offset, ISO 8601.
      ending: see ``run.Ending``.
      seconds: how long it took.
      device: that it trained on.
      pushed: path of the pushed version.
      rows: rows that judged the model.
      clips: their clips.
      scores: of the model.
    """

    name: str
    path: str
    started: str
    ending: str
    seconds: float | None
    device: str | None
    pushed: str | None
    rows: int | None
    clips: int | None
    scores: dict[HeadlineName, ScoreRecord] | None


class PairedDifference(TypedDict):
    """Scores of a run less those of the first one, on the same rows.

    Attributes:
      run: its name.
      reference: name of the first run.
      rows: rows that judged both.
      units: number of animals and clips, or of pools of them, that the intervals are drawn from.
      of: what these are.
      scores: differences of the headline scores; each interval alone holds with 95 %.
      f1_by_mood: differences in F1; the intervals of all moods hold together with 95 %.
    """

    run: str
    reference: str
    rows: int
    units: int
    of: ResamplingUnit
    scores: dict[HeadlineName, ScoreRecord]
    f1_by_mood: dict[str, ScoreRecord]


class Comparison(TypedDict):
    """``comparison.json``.

    Attributes:
      runs: in the order given.
      row_by_row: whether all runs were judged by the same rows.
      why_not: why they were not, in words; "" if they were.
      differences: of each run but the first, to the first; [] unless ``row_by_row``.
      settings: those that differ, by name: each run's value, None where it has no such setting.
      data: figures of the data that differ, such as "train: rows used", likewise.
      versions: of packages that differ, likewise.
    """

    runs: list[ComparedRun]
    row_by_row: bool
    why_not: str
    differences: list[PairedDifference]
    settings: dict[str, list[object]]
    data: dict[str, list[object]]
    versions: dict[str, list[object]]
