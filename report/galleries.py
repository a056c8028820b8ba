"""Galleries of predictions: the most confident right and wrong ones, and the least confident."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from components.evaluator import predictions_table
from components.evaluator.predictions_table import MODEL, probabilities_of
from models.inputs.input_pipeline import shard_files
from models.network import fast_layers, grad_cam  # noqa: F401 (our layers, to read a checkpoint)
from report.thumbnails import data_uri, overlay_heat_map
from system.arrow import pa
from system.parquet import read_batches

PICTURES_PER_GALLERY = 6
RIGHT, WRONG, UNSURE = "right", "wrong", "unsure"
"""Names of the galleries, which are also their ids in the page."""
_COLUMNS = [
    predictions_table.PATH,
    predictions_table.CLIP,
    predictions_table.LABEL_INDEX,
    predictions_table.probabilities_column(MODEL),
]


@dataclass(frozen=True)
class Prediction:
    """The model's prediction for one row of the eval split.

    Attributes:
      row: index of the row in the table of predictions.
      image: path as the CSV has it.
      label: the true mood.
      predicted: the likeliest mood.
      probability: of the likeliest mood, in [0, 1].
      label_probability: of the true mood, in [0, 1].
    """

    row: int
    image: str
    label: str
    predicted: str
    probability: float
    label_probability: float


@dataclass(frozen=True)
class GalleryPicture:
    """A prediction with two data URIs: the network's view, and its Grad-CAM heat map over it."""

    prediction: Prediction
    view: str
    heat_map: str


class _TopPredictions:
    """The few predictions with the highest ranks.

    There is at most one of each clip, because the frames of a clip look alike.
    """

    def __init__(self) -> None:
        self._by_clip: dict[str, tuple[float, Prediction]] = {}

    def offer(self, rank: float, clip: str, prediction: Prediction) -> None:
        """Keeps the prediction if its rank is among the highest so far."""
        kept = self._by_clip.get(clip)
        if kept and kept[0] >= rank:
            return
        self._by_clip[clip] = (rank, prediction)
        if len(self._by_clip) > PICTURES_PER_GALLERY:
            del self._by_clip[min(self._by_clip, key=lambda name: self._by_clip[name][0])]

    def predictions(self) -> list[Prediction]:
        """Returns the predictions, the highest rank first."""
        best = heapq.nlargest(
            PICTURES_PER_GALLERY, self._by_clip.values(), key=lambda ranked: ranked[0]
        )
        return [prediction for _, prediction in best]


def select_predictions(
    predictions_parquet: Path, mood_names: Sequence[str]
) -> dict[str, list[Prediction]]:
    """Reads the table of predictions once and returns each gallery's predictions.

    Args:
      predictions_parquet: ``PREDICTIONS_PARQUET``.
      mood_names: in index order.

    Returns:
      The predictions of ``RIGHT``, ``WRONG`` and ``UNSURE``, the best first, at most one a clip.
      Predictions with a probability that is NaN or infinite are left out.
    """
    galleries = {name: _TopPredictions() for name in (RIGHT, WRONG, UNSURE)}
    first_row = 0
    for batch in read_batches(str(predictions_parquet), _COLUMNS, predictions_table.ROW_GROUP):
        for clip, prediction in _finite_predictions(batch, first_row, mood_names):
            is_right = prediction.label == prediction.predicted
            confidence = prediction.probability
            galleries[RIGHT if is_right else WRONG].offer(confidence, clip, prediction)
            galleries[UNSURE].offer(-confidence, clip, prediction)
        first_row += len(batch)
    return {name: top.predictions() for name, top in galleries.items()}


def _finite_predictions(
    batch: pa.RecordBatch, first_row: int, mood_names: Sequence[str]
) -> Iterator[tuple[str, Prediction]]:
    """Yields (clip, prediction) for each row whose probabilities are all finite."""
    probabilities = probabilities_of(batch, MODEL)
    label_indices = batch.column(predictions_table.LABEL_INDEX).to_numpy()
    images = batch.column(predictions_table.PATH)
    clips = batch.column(predictions_table.CLIP)
    for i in np.flatnonzero(np.isfinite(probabilities).all(axis=1)).tolist():
        label_index, predicted_index = int(label_indices[i]), int(probabilities[i].argmax())
        yield (
            clips[i].as_py(),
            Prediction(
                row=first_row + i,
                image=images[i].as_py(),
                label=mood_names[label_index],
                predicted=mood_names[predicted_index],
                probability=float(probabilities[i, predicted_index]),
                label_probability=float(probabilities[i, label_index]),
            ),
        )


def draw_pictures(
    galleries: Mapping[str, Sequence[Prediction]],
    shards: str,
    checkpoint: Path,
    mood_names: Sequence[str],
) -> dict[str, list[GalleryPicture]]:
    """Returns the galleries' predictions with their pictures.

    Args:
      galleries: predictions by gallery.
      shards: pattern of the eval split's TFRecord files, whose order is the table's.
      checkpoint: path of the trained model.
      mood_names: in index order.
    """
    by_row = {each.row: each for gallery in galleries.values() for each in gallery}
    if not by_row:
        return {name: [] for name in galleries}

    # A prediction may be in two galleries; its heat map is computed once.
    records = _read_records(shards, set(by_row))
    model = keras.models.load_model(checkpoint, compile=False)
    views = grad_cam.views([records[row] for row in by_row], model.inputs[0].shape[1])
    label_indices = [mood_names.index(each.predicted) for each in by_row.values()]
    heat_maps = grad_cam.heat_maps(model, views, label_indices)

    pictures = {
        row: GalleryPicture(
            prediction,
            view=data_uri(Image.fromarray(view)),
            heat_map=data_uri(overlay_heat_map(view, heat_map)),
        )
        for (row, prediction), view, heat_map in zip(by_row.items(), views, heat_maps, strict=True)
    }
    return {name: [pictures[each.row] for each in gallery] for name, gallery in galleries.items()}


def _read_records(shards: str, rows: set[int]) -> dict[int, bytes]:
    """Returns the serialised Examples of these rows by row."""
    row_indices = tf.constant(sorted(rows), tf.int64)
    numbered = (
        tf.data.TFRecordDataset(shard_files([shards]))
        .enumerate()
        .filter(lambda row, _: tf.reduce_any(row == row_indices))
        .take(len(rows))
    )
    return {int(row): record for row, record in numbered.as_numpy_iterator()}
