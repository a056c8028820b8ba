"""The answers worth looking at: the surest right, the surest wrong, the least sure."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pyarrow.parquet as pq
import tensorflow as tf
from PIL import Image

from models.inputs.input_pipeline import shard_files
from models.network import fast_layers, grad_cam  # noqa: F401 (a checkpoint is read with our layers)
from report.thumbnails import data_uri, with_heat

PICTURES = 6
"""A gallery."""
_ROWS = 8192


@dataclass(frozen=True)
class Answer:
    """One answer: probabilities in 0..1."""

    row: int
    image: str
    truth: str
    answer: str
    probability: float
    of_truth: float


@dataclass(frozen=True)
class Shown:
    """An answer with data URIs of what the network saw, and of where it looked."""

    answer: Answer
    seen: str
    heat: str


class _Best:
    """The few answers of the highest score, at most one a clip: frames of one look alike."""

    def __init__(self) -> None:
        self._by_clip: dict[str, tuple[float, Answer]] = {}

    def offer(self, score: float, clip: str, answer: Answer) -> None:
        held = self._by_clip.get(clip)
        if held and held[0] >= score:
            return
        self._by_clip[clip] = (score, answer)
        if len(self._by_clip) > PICTURES:
            del self._by_clip[min(self._by_clip, key=lambda name: self._by_clip[name][0])]

    def answers(self) -> list[Answer]:
        best = heapq.nlargest(PICTURES, self._by_clip.values(), key=lambda pair: pair[0])
        return [answer for _, answer in best]


def choose(predictions: Path, moods: list[str]) -> dict[str, list[Answer]]:
    """Reads the table of predictions once and returns each gallery's answers.

    Args:
      predictions: ``PREDICTIONS_PARQUET``.
      moods: names in index order.

    Returns:
      "right", "wrong" and "unsure", each the best first and at most one answer a clip. Answers
      with a probability that is no number are in none.
    """
    found = {name: _Best() for name in ("right", "wrong", "unsure")}
    start = 0
    columns = ["image_path", "clip", "label_index", "probabilities"]
    with pq.ParquetFile(predictions) as file:
        for batch in file.iter_batches(_ROWS, columns=columns):
            table = batch.to_pydict()
            given = np.asarray(table["probabilities"], np.float64)
            truths = np.asarray(table["label_index"])
            largest, answers = given.max(axis=1), given.argmax(axis=1)
            for place in np.flatnonzero(np.isfinite(given).all(axis=1)):
                truth, answer = int(truths[place]), int(answers[place])
                one = Answer(
                    start + int(place),
                    table["image_path"][place],
                    moods[truth],
                    moods[answer],
                    float(largest[place]),
                    float(given[place, truth]),
                )
                clip = table["clip"][place]
                found["right" if truth == answer else "wrong"].offer(largest[place], clip, one)
                found["unsure"].offer(-largest[place], clip, one)
            start += len(truths)
    return {name: best.answers() for name, best in found.items()}


def draw(
    chosen: Mapping[str, list[Answer]], shards: str, checkpoint: Path, moods: list[str]
) -> dict[str, list[Shown]]:
    """Returns the answers with their pictures.

    Args:
      chosen: galleries.
      shards: pattern of the eval split's TFRecord files, whose order is the table's.
      checkpoint: the trained model.
      moods: names in index order.
    """
    answers = list({each.row: each for gallery in chosen.values() for each in gallery}.values())
    if not answers:
        return {name: [] for name in chosen}
    records = _records(shards, {each.row for each in answers})
    model = keras.models.load_model(checkpoint, compile=False)
    pixels = grad_cam.views([records[each.row] for each in answers], model.inputs[0].shape[1])
    maps = grad_cam.heat_maps(model, pixels, [moods.index(each.answer) for each in answers])
    shown = {
        each.row: Shown(each, *(data_uri(image) for image in images))
        for each, *images in zip(
            answers,
            (Image.fromarray(one) for one in pixels),
            (with_heat(one, heat) for one, heat in zip(pixels, maps, strict=True)),
            strict=True,
        )
    }
    return {name: [shown[each.row] for each in gallery] for name, gallery in chosen.items()}


def _records(shards: str, wanted: set[int]) -> dict[int, bytes]:
    rows = tf.constant(sorted(wanted), tf.int64)
    numbered = (
        tf.data.TFRecordDataset(shard_files([shards]))
        .enumerate()
        .filter(lambda row, _: tf.reduce_any(row == rows))
        .take(len(wanted))
    )
    return {int(row): record for row, record in numbered.as_numpy_iterator()}
