"""From leaks to findings: what is above its limit stops the run, the rest is reported."""

from collections.abc import Iterator, Sequence
from typing import Any

from components.findings import ERROR, WARNING, Finding
from components.leak_check.leak_search import CLIP, GROUP, PICTURE, Leaks
from components.leak_check.settings import LeakLimits
from schemas.splits import EVAL

EXAMPLES = 3
"""Pairs of each kind that a message names."""


def findings(leaks: Leaks, limits: LeakLimits) -> Iterator[Finding]:
    """Yields a finding for each kind of leak.

    Args:
      leaks: what was found.
      limits: how many of each kind may be.
    """
    pictures = int(limits.max_picture_share * leaks.compared)
    for kind, count, limit, what, setting in (
        (CLIP, leaks.clips, limits.max_clips, "Clips that are also in train", "max_clips"),
        (GROUP, leaks.groups, limits.max_groups, "Animals that are also in train", "max_groups"),
        (
            PICTURE,
            leaks.pictures,
            pictures,
            "Frames that nearly equal a train frame",
            "max_picture_share",
        ),
    ):
        if count:
            of = f" of {leaks.compared}" if kind == PICTURE else ""
            named = "; ".join(_words(row) for row in examples(leaks.listed, kind))
            yield Finding(
                ERROR if count > limit else WARNING,
                f"shared_{kind}s",
                EVAL,
                f"{what}: {count}{of}, leak.{setting} allows {limit} ({named}). "
                "Take them out of one of the two CSVs, or raise the limit.",
                count,
                limit,
            )
    if leaks.flat:
        yield Finding(
            WARNING,
            "flat_pictures",
            EVAL,
            f"Frames that show next to nothing and were not compared with train's: {leaks.flat}.",
            leaks.flat,
        )


def examples(listed: Sequence[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Returns the first pairs of a kind."""
    return [row for row in listed if row["kind"] == kind][:EXAMPLES]


def _words(row: dict[str, Any]) -> str:
    name = f"{row['name']}, " if row["name"] else ""
    return (
        f"{name}eval line {row['eval_line']} {row['eval_image']} "
        f"and train line {row['train_line']} {row['train_image']}"
    )
