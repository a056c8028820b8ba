"""The Tuner's trials."""

from typing import Literal, TypedDict

from schemas.documents.intervals import Interval


class TrialRecord(TypedDict):
    """One trial of the Tuner.

    Attributes:
      trial: its id, such as "3".
      values: tried values by the setting's name, such as "train.learning_rate".
      status: "completed", or "failed" where the loss was NaN or infinite.
      score: of ``Search.objective``; None where the trial failed.
      gain: interval of its score less that of the run's own values, which are the first trial's;
        corrected for the number of trials. None for the own trial, and where there is no score or
        too few animals or clips.
      seconds: how long it took.
    """

    trial: str
    values: dict[str, float | str]
    status: str
    score: float | None
    gain: Interval
    seconds: float | None


class Search(TypedDict):
    """``TRIALS_JSON`` without its rows.

    Attributes:
      objective: name of the score, such as "val_macro_f1".
      epochs: of each trial.
      ended_by: the limit that ended the search.
      best: id of the best trial, the run's own where no other is better beyond noise; None where
        none was completed.
      trials: all of them, the failed ones too.
    """

    objective: str
    epochs: int
    ended_by: Literal["trials", "minutes", "choices"]
    best: str | None
    trials: list[TrialRecord]


class Trials(Search):
    """``TRIALS_JSON``; ``rows`` counts by split the rows that the trials were given."""

    rows: dict[str, int]
