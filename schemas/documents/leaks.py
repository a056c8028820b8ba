"""Rows that both splits share."""

from typing import Literal, TypedDict

from schemas.documents.validation import Validation


class LeakCounts(TypedDict):
    """Counts of leaks.

    Attributes:
      clips: names of clips that are in both splits.
      groups: names of groups that are in both splits.
      pictures: eval frames that nearly equal a train frame.
    """

    clips: int
    groups: int
    pictures: int


LeakKind = Literal["clips", "groups", "pictures"]

LEAK_KINDS: tuple[LeakKind, ...] = ("clips", "groups", "pictures")
"""The keys of ``LeakCounts``, in order."""


class LeakExample(TypedDict):
    """A row of ``LEAKS_CSV``: a train row and an eval row that have something in common.

    Attributes:
      kind: what they have in common.
      name: name of the clip or group; "" for pictures.
      train_line: line of the train row in its CSV.
      train_image: its ``image_path``.
      eval_line: line of the eval row in its CSV.
      eval_image: its ``image_path``.
      distance: number of differing bits of the pictures' hashes; None (in the CSV an empty cell)
        for clips and groups.
    """

    kind: Literal["clip", "group", "picture"]
    name: str
    train_line: int
    train_image: str
    eval_line: int
    eval_image: str
    distance: int | None


class Leaks(Validation):
    """``LEAKS_JSON``; the examples are the first rows of ``LEAKS_CSV`` of each kind."""

    leaks: LeakCounts
    examples: list[LeakExample]
