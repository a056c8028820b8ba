"""Turns leaks into findings: a leak above its limit is an error, any other a warning."""

from collections.abc import Iterator, Sequence

from components.findings import ERROR, WARNING, Finding
from components.leak_check.leak_search import CLIP, GROUP, PICTURE, LeakSearchResult
from components.leak_check.settings import LeakLimits
from schemas.documents.leaks import LeakExample
from schemas.splits import TRAIN

EXAMPLES = 3
"""Number of pairs of each kind in a message."""


def findings(leaks: LeakSearchResult, limits: LeakLimits) -> Iterator[Finding]:
    """Yields a finding for each kind of leak, and one for frames that were not compared.

    Args:
      leaks: between two splits.
      limits: how many leaks of each kind are allowed.
    """
    if leaks.clips:
        text = f"Clips that are also in {leaks.first}: {leaks.clips}, leak.max_clips"
        yield _finding(leaks, CLIP, leaks.clips, limits.max_clips, text)
    if leaks.groups:
        text = f"Animals that are also in {leaks.first}: {leaks.groups}, leak.max_groups"
        yield _finding(leaks, GROUP, leaks.groups, limits.max_groups, text)
    if leaks.pictures:
        text = (
            f"Frames that nearly equal a {leaks.first} frame: {leaks.pictures} of "
            f"{leaks.compared}, leak.max_picture_share"
        )
        limit = int(limits.max_picture_share * leaks.compared)
        yield _finding(leaks, PICTURE, leaks.pictures, limit, text)
    if leaks.flat and leaks.first == TRAIN:  # Said once of each split.
        yield Finding(
            WARNING,
            "flat_pictures",
            leaks.second,
            f"Frames with next to no contrast, which were not compared with train's: {leaks.flat}.",
            leaks.flat,
        )


def _finding(leaks: LeakSearchResult, kind: str, count: int, limit: int, text: str) -> Finding:
    listed = "; ".join(_text(row) for row in examples(leaks.listed, kind))
    return Finding(
        ERROR if count > limit else WARNING,
        f"shared_{kind}s",
        leaks.second,
        f"{text} allows {limit} ({listed}). "
        "Take them out of one of the two CSVs, or raise the limit.",
        count,
        limit,
    )


def examples(listed: Sequence[LeakExample], kind: str) -> list[LeakExample]:
    """Returns the first pairs of a kind."""
    return [row for row in listed if row["kind"] == kind][:EXAMPLES]


def _text(row: LeakExample) -> str:
    name = f"{row['name']}, " if row["name"] else ""
    return (
        f"{name}{row['eval_split']} line {row['eval_line']} {row['eval_image']} "
        f"and {row['train_split']} line {row['train_line']} {row['train_image']}"
    )
