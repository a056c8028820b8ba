"""Finds clips, animals and nearly identical pictures that two splits have in common."""

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from components.leak_check.frames_table import SplitFrames
from components.leak_check.settings import LeakLimits
from dataset.leaks import NearPairs, ViewHashes, near_pairs
from dataset.shared_names import shared_names
from schemas import frame_columns
from schemas.documents.leaks import LeakExample
from schemas.splits import EVAL, TRAIN
from system.arrow import pa

CLIP: Final = "clip"
GROUP: Final = "group"
PICTURE: Final = "picture"
MIN_CONTRAST = 2 / 255
"""An eval picture with less contrast is not compared: a black frame shows nothing that could be
memorised, and its hash is that of its noise."""
MAX_LISTED = 2000
"""Most pairs of each kind in the table."""

_Kind = Literal["clip", "group", "picture"]


class LeakSearchResult(NamedTuple):
    """Leaks between two splits, such as train and eval.

    Attributes:
      clips: number of clip names that both splits have.
      groups: number of group names that both splits have.
      pictures: number of frames of the second that nearly equal one of the first.
      compared: number of frames of the second that were compared.
      flat: number of those that were not, because they have too little contrast.
      listed: pairs of rows, at most ``MAX_LISTED`` of each kind.
      first, second: names of the splits.
    """

    clips: int
    groups: int
    pictures: int
    compared: int
    flat: int
    listed: list[LeakExample]
    first: str = TRAIN
    second: str = EVAL


def find_leaks(train: SplitFrames, evaluation: SplitFrames, limits: LeakLimits) -> LeakSearchResult:
    """Compares the two splits.

    Args:
      train: frames that the model is trained on, or chosen on.
      evaluation: frames that the model is chosen on, or evaluated on.
      limits: how much two pictures may differ and still count as nearly identical.
    """
    clips = shared_names(_names(train, frame_columns.CLIP), _names(evaluation, frame_columns.CLIP))
    groups = shared_names(
        _names(train, frame_columns.GROUP), _names(evaluation, frame_columns.GROUP)
    )

    pictures, rows, flat = _eval_pictures(evaluation)
    near = near_pairs(
        _train_pictures(train), pictures, limits.hash_distance, limits.colour_tolerance
    )
    near = _nearest_first(near._replace(eval_index=rows[near.eval_index]))

    pairs = _Pairs(train, evaluation)
    pairs.add(CLIP, clips.train_row, clips.eval_row)
    pairs.add(GROUP, groups.train_row, groups.eval_row)
    pairs.add(PICTURE, near.train_index, near.eval_index, near.distance)
    return LeakSearchResult(
        clips=len(clips.eval_row),
        groups=len(groups.eval_row),
        pictures=len(near.eval_index),
        compared=len(rows),
        flat=flat,
        listed=pairs.listed(),
        first=train.split,
        second=evaluation.split,
    )


def _names(split: SplitFrames, column: str) -> Iterator[pa.ChunkedArray]:
    return (table[column] for table in split.batches([column]))


def _train_pictures(split: SplitFrames) -> Iterator[ViewHashes]:
    for table in split.batches([frame_columns.PHASH, frame_columns.COLOUR]):
        yield ViewHashes(
            table[frame_columns.PHASH].to_numpy(), table[frame_columns.COLOUR].to_numpy()
        )


def _eval_pictures(split: SplitFrames) -> tuple[ViewHashes, npt.NDArray[np.int64], int]:
    """Returns the pictures with enough contrast, their row indices, and the number of others."""
    phash, colour = [np.empty(0, np.uint64)], [np.empty(0, np.uint32)]
    rows = [np.empty(0, np.int64)]
    total = 0
    for table in split.batches([frame_columns.PHASH, frame_columns.COLOUR, frame_columns.CONTRAST]):
        clear = table[frame_columns.CONTRAST].to_numpy() >= MIN_CONTRAST
        phash.append(table[frame_columns.PHASH].to_numpy()[clear])
        colour.append(table[frame_columns.COLOUR].to_numpy()[clear])
        rows.append(np.flatnonzero(clear) + total)
        total += len(table)
    clear_rows = np.concatenate(rows)
    pictures = ViewHashes(np.concatenate(phash), np.concatenate(colour))
    return pictures, clear_rows, total - len(clear_rows)


def _nearest_first(near: NearPairs) -> NearPairs:
    order = np.argsort(near.distance, kind="stable")
    return NearPairs(*(column[order] for column in near))


class _Pairs:
    """Pairs of row indices, which ``listed`` turns into rows of the table."""

    def __init__(self, train: SplitFrames, evaluation: SplitFrames) -> None:
        self._train, self._evaluation = train, evaluation
        self._pairs: list[tuple[_Kind, int, int, int | None]] = []

    def add(
        self,
        kind: _Kind,
        train_rows: npt.NDArray[np.int64],
        eval_rows: npt.NDArray[np.int64],
        distance: npt.NDArray[np.int64] | None = None,
    ) -> None:
        """Adds the first ``MAX_LISTED`` pairs."""
        count = min(len(train_rows), MAX_LISTED)
        distances = [None] * count if distance is None else distance[:count].tolist()
        columns = (train_rows[:count].tolist(), eval_rows[:count].tolist(), distances)
        self._pairs += [(kind, *pair) for pair in zip(*columns, strict=True)]

    def listed(self) -> list[LeakExample]:
        """Returns the rows of the table."""
        columns = [
            frame_columns.LINE,
            frame_columns.IMAGE_PATH,
            frame_columns.CLIP,
            frame_columns.GROUP,
        ]
        train_rows = self._train.rows(
            np.array([row for _, row, _, _ in self._pairs], np.int64), columns
        )
        eval_rows = self._evaluation.rows(
            np.array([row for _, _, row, _ in self._pairs], np.int64), columns
        )

        name_columns = {CLIP: frame_columns.CLIP, GROUP: frame_columns.GROUP}
        listed: list[LeakExample] = []
        for kind, train_index, eval_index, distance in self._pairs:
            train_row, eval_row = train_rows[train_index], eval_rows[eval_index]
            listed.append(
                {
                    "kind": kind,
                    "name": eval_row[name_columns[kind]] if kind in name_columns else "",
                    "train_line": train_row[frame_columns.LINE],
                    "train_image": train_row[frame_columns.IMAGE_PATH],
                    "eval_line": eval_row[frame_columns.LINE],
                    "eval_image": eval_row[frame_columns.IMAGE_PATH],
                    "distance": distance,
                    "train_split": self._train.split,
                    "eval_split": self._evaluation.split,
                }
            )
        return listed
