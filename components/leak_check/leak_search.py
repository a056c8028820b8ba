"""What train and eval have in common: clips, animals and nearly identical pictures."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.leak_check.frames_table import SplitFrames
from components.leak_check.settings import LeakLimits
from dataset.leaks import NearPairs, ViewHashes, near_pairs
from dataset.shared_names import shared_names
from schemas import artifacts, frame_columns

CLIP, GROUP, PICTURE = "clip", "group", "picture"
MIN_CONTRAST = 2 / 255
"""An eval picture of less contrast is not compared: a black frame has nothing to be learnt by
heart, and its hash is that of the noise in it."""
MAX_LISTED = 2000
"""Pairs of each kind in the table."""


class Leaks(NamedTuple):
    """What was found.

    Attributes:
      clips, groups: names that both splits have.
      pictures: eval frames that nearly equal a train frame.
      compared: eval frames that were looked up.
      flat: eval frames that were not, for want of contrast.
      listed: rows with ``LEAK_COLUMNS``, at most ``MAX_LISTED`` of each kind.
    """

    clips: int
    groups: int
    pictures: int
    compared: int
    flat: int
    listed: list[dict[str, Any]]


def find_leaks(train: SplitFrames, evaluation: SplitFrames, limits: LeakLimits) -> Leaks:
    """Compares the two splits.

    Args:
      train: the frames that are learnt from.
      evaluation: the frames that are judged by.
      limits: how near two pictures are to be found.
    """
    clips = shared_names(_names(train, frame_columns.CLIP), _names(evaluation, frame_columns.CLIP))
    groups = shared_names(
        _names(train, frame_columns.GROUP), _names(evaluation, frame_columns.GROUP)
    )
    asked, numbers, flat = _asked(evaluation)
    near = near_pairs(_known(train), asked, limits.hash_distance, limits.colour_tolerance)
    near = _nearest_first(near._replace(eval_index=numbers[near.eval_index]))
    pairs = _Pairs(train, evaluation)
    pairs.add(CLIP, clips.train_row, clips.eval_row)
    pairs.add(GROUP, groups.train_row, groups.eval_row)
    pairs.add(PICTURE, near.train_index, near.eval_index, near.distance)
    return Leaks(
        clips=len(clips.eval_row),
        groups=len(groups.eval_row),
        pictures=len(near.eval_index),
        compared=len(numbers),
        flat=flat,
        listed=pairs.listed(),
    )


def _names(split: SplitFrames, column: str) -> Iterator[pa.ChunkedArray]:
    return (table[column] for table in split.batches([column]))


def _known(split: SplitFrames) -> Iterator[ViewHashes]:
    for table in split.batches([frame_columns.PHASH, frame_columns.COLOUR]):
        yield ViewHashes(
            table[frame_columns.PHASH].to_numpy(), table[frame_columns.COLOUR].to_numpy()
        )


def _asked(split: SplitFrames) -> tuple[ViewHashes, npt.NDArray[np.int64], int]:
    """Returns the pictures to look up, their row numbers, and how many others there are."""
    phash, colour = [np.empty(0, np.uint64)], [np.empty(0, np.uint32)]
    numbers = [np.empty(0, np.int64)]
    rows = 0
    for table in split.batches([frame_columns.PHASH, frame_columns.COLOUR, frame_columns.CONTRAST]):
        clear = table[frame_columns.CONTRAST].to_numpy() >= MIN_CONTRAST
        phash.append(table[frame_columns.PHASH].to_numpy()[clear])
        colour.append(table[frame_columns.COLOUR].to_numpy()[clear])
        numbers.append(np.flatnonzero(clear) + rows)
        rows += len(table)
    found = np.concatenate(numbers)
    return ViewHashes(np.concatenate(phash), np.concatenate(colour)), found, rows - len(found)


def _nearest_first(near: NearPairs) -> NearPairs:
    order = np.argsort(near.distance, kind="stable")
    return NearPairs(*(column[order] for column in near))


class _Pairs:
    """Pairs of rows, by number, that become rows of the table."""

    def __init__(self, train: SplitFrames, evaluation: SplitFrames) -> None:
        self._splits = (train, evaluation)
        self._pairs: list[tuple[str, int, int, int | None]] = []

    def add(
        self,
        kind: str,
        train_rows: npt.NDArray[np.int64],
        eval_rows: npt.NDArray[np.int64],
        distance: npt.NDArray[np.int64] | None = None,
    ) -> None:
        """Adds the first ``MAX_LISTED`` pairs."""
        count = min(len(train_rows), MAX_LISTED)
        bits = [None] * count if distance is None else distance[:count].tolist()
        columns = (train_rows[:count].tolist(), eval_rows[:count].tolist(), bits)
        self._pairs += [(kind, *pair) for pair in zip(*columns, strict=True)]

    def listed(self) -> list[dict[str, Any]]:
        """Returns the rows of the table."""
        columns = [
            frame_columns.LINE,
            frame_columns.IMAGE_PATH,
            frame_columns.CLIP,
            frame_columns.GROUP,
        ]
        train, evaluation = (
            split.rows(np.array([pair[side] for pair in self._pairs], np.int64), columns)
            for side, split in enumerate(self._splits, start=1)
        )
        rows = []
        for kind, train_row, eval_row, distance in self._pairs:
            ours, theirs = train[train_row], evaluation[eval_row]
            name = {CLIP: theirs[frame_columns.CLIP], GROUP: theirs[frame_columns.GROUP]}.get(
                kind, ""
            )
            values = (
                kind,
                name,
                ours[frame_columns.LINE],
                ours[frame_columns.IMAGE_PATH],
                theirs[frame_columns.LINE],
                theirs[frame_columns.IMAGE_PATH],
                distance,
            )
            rows.append(dict(zip(artifacts.LEAK_COLUMNS, values, strict=True)))
        return rows
