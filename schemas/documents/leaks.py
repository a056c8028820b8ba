"""Rows that two splits share."""

from typing import Literal, TypedDict

from schemas.documents.validation import Validation


class LeakCounts(TypedDict):
    """Counts of leaks, summed over all pairs of splits.

    Attributes:
      clips: names of clips that are in both splits of a pair.
      groups: names of groups that are in both splits of a pair.
      pictures: frames of the second split that nearly equal one of the first.
    """

    clips: int
    groups: int
    pictures: int


LeakKind = Literal["clips", "groups", "pictures"]

LEAK_KINDS: tuple[LeakKind, ...] = ("clips", "groups", "pictures")
"""The keys of ``LeakCounts``, in order."""


class LeakExample(TypedDict):
    """A row of ``LEAKS_CSV``: rows of two splits that have something in common.

    The pairs of splits are train and validation, train and eval, and validation and eval; where
    there is no validation split, train and eval alone. The keys are named after the latter.

    Attributes:
      kind: what they have in common.
      name: name of the clip or group; "" for pictures.
      train_line: line of the row of the first split in its CSV.
      train_image: its ``image_path``.
      eval_line: line of the row of the second split in its CSV.
      eval_image: its ``image_path``.
      distance: number of differing bits of the pictures' hashes; None (in the CSV an empty cell)
        for clips and groups.
      train_split: name of the first split, "train" or "validation".
      eval_split: name of the second split, "eval" or "validation".
    """

    kind: Literal["clip", "group", "picture"]
    name: str
    train_line: int
    train_image: str
    eval_line: int
    eval_image: str
    distance: int | None
    train_split: str
    eval_split: str


class Leaks(Validation):
    """``LEAKS_JSON``; the examples are the first rows of ``LEAKS_CSV`` of each kind."""

    leaks: LeakCounts
    examples: list[LeakExample]
