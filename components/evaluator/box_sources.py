"""Judges a servable's answers with boxes given, boxes found and whole photos, on the same photos.

The photos are the scenes of the eval split: those in the Examples, small, so that the photos
themselves need not be there. A box that is given is the row's own; whole photos are asked for by a
box around all. Where the locator finds no animal, the answer counts as wrong.
"""

import hashlib
import heapq
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.evaluator import predictions_table
from dataset import scores
from schemas import features, signatures
from schemas.documents.evaluation import BoxScores

MOST = 2_000
"""Photos at most: some 100 MB, and enough to tell two percent."""
_BATCH = 32
_SIDES = (features.BOX_TOP, features.BOX_LEFT, features.BOX_BOTTOM, features.BOX_RIGHT)


class _Photo(NamedTuple):
    """A scene, the row's box in it, (top, left, bottom, right) in shares, and its label index."""

    jpeg: bytes
    box: tuple[float, float, float, float]
    label_index: int


class SceneSample:
    """A random choice of the scenes that pass by, the same for the same rows."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._heap: list[tuple[int, int, _Photo]] = []
        self._count = 0

    def add(self, records: Sequence[bytes], row_columns: Mapping[str, Sequence[Any]]) -> None:
        """Takes the scenes of a batch's rows that are scored.

        Args:
          records: serialised Examples.
          row_columns: of the predictions table, for the same rows.
        """
        for number, record in enumerate(records):
            if not row_columns[predictions_table.SCORED][number]:
                continue
            feature = tf.train.Example.FromString(record).features.feature
            if features.SCENE not in feature:
                continue
            photo = _Photo(
                feature[features.SCENE].bytes_list.value[0],
                tuple(feature[side].float_list.value[0] for side in _SIDES),
                row_columns[predictions_table.LABEL_INDEX][number],
            )
            name = f"{row_columns[predictions_table.PATH][number]}\0{self._count}"
            digest = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=7)
            self._count += 1
            # The highest number leaves first.
            entry = (-int.from_bytes(digest.digest(), "big"), -self._count, photo)
            if len(self._heap) < self._most:
                heapq.heappush(self._heap, entry)
            else:
                heapq.heappushpop(self._heap, entry)

    def photos(self) -> list[_Photo]:
        """Returns the chosen scenes in the order in which they came."""
        return [photo for _, _, photo in sorted(self._heap, key=lambda entry: -entry[1])]


def judge(sample: SceneSample, loaded: Any, num_classes: int) -> dict[str, BoxScores] | None:
    """Returns the scores by where the boxes come from; None where there is no scene.

    Args:
      sample: of the scored rows of the eval split.
      loaded: the SavedModel.
      num_classes: moods in the label map.
    """
    photos = sample.photos()
    if not photos:
        return None
    matrices: dict[str, npt.NDArray[np.float64]] = {}
    for begin in range(0, len(photos), _BATCH):
        batch = photos[begin : begin + _BATCH]
        for source, outputs in _answers(batch, loaded).items():
            matrix = matrices.setdefault(source, np.zeros((num_classes, num_classes + 1)))
            for photo, index in zip(batch, outputs, strict=True):
                matrix[photo.label_index, index] += 1  # -1 is the last column: no prediction.
    return {source: _scores(matrix) for source, matrix in matrices.items()}


def _answers(photos: Sequence[_Photo], loaded: Any) -> dict[str, list[int]]:
    """Returns the mood's index of each photo by the source of the box; -1 for no mood."""
    images = tf.constant([photo.jpeg for photo in photos])
    sizes = [tf.io.extract_jpeg_shape(photo.jpeg).numpy()[:2].tolist() for photo in photos]
    by_box = loaded.signatures[signatures.SERVE_BOX]
    given = [_pixels(photo.box, *size) for photo, size in zip(photos, sizes, strict=True)]
    whole = [(0, 0, *size) for size in sizes]
    answers = {
        source: by_box(image_bytes=images, box=tf.constant(boxes, tf.int64))
        for source, boxes in ((signatures.BOX_GIVEN, given), (signatures.BOX_WHOLE, whole))
    }
    alone = loaded.signatures[signatures.SERVE_IMAGE](image_bytes=images)
    # A servable without a locator says "whole" of them all.
    found = {signatures.BOX_FOUND.encode(), b""}
    if signatures.BOX_SOURCE in alone and {*alone[signatures.BOX_SOURCE].numpy()} <= found:
        answers[signatures.BOX_FOUND] = alone
    return {
        source: outputs[signatures.MOOD_INDEX].numpy().tolist()
        for source, outputs in answers.items()
    }


def _pixels(
    box: tuple[float, float, float, float], height: int, width: int
) -> tuple[int, int, int, int]:
    top, left = min(round(box[0] * height), height - 1), min(round(box[1] * width), width - 1)
    bottom, right = max(round(box[2] * height), top + 1), max(round(box[3] * width), left + 1)
    return top, left, bottom - top, right - left


def _scores(matrix: npt.NDArray[np.float64]) -> BoxScores:
    accuracy, _, macro_f1 = scores.headline(matrix).tolist()
    return {
        "rows": int(matrix.sum()),
        "accuracy": accuracy,
        "macro_f1": macro_f1,
        "unanswered": int(matrix[:, -1].sum()),
    }
