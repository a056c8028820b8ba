"""Pictures of predictions: what the network saw, and where Grad-CAM says that it looked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import tensorflow as tf
from PIL import Image

from models.inputs.input_pipeline import shard_files
from models.network import fast_layers, grad_cam  # noqa: F401 (our layers, to read a checkpoint)
from report.pictures.selection import Gallery, Prediction
from report.pictures.thumbnails import data_uri, overlay_heat_map


@dataclass(frozen=True)
class GalleryPicture:
    """A prediction with two data URIs.

    Attributes:
      prediction: of the model.
      view: the network's input.
      heat_map: Grad-CAM over it; None where no part of the picture raises the probability.
    """

    prediction: Prediction
    view: str
    heat_map: str | None


@dataclass(frozen=True)
class DrawnGallery:
    """A gallery with its pictures; see ``Gallery``."""

    kind: str
    mood: str
    pictures: list[GalleryPicture]


@dataclass(frozen=True)
class DrawnGalleries:
    """All galleries of a run; ``cells`` is the side of the heat maps' grid."""

    galleries: list[DrawnGallery]
    cells: int


def draw_pictures(
    galleries: Sequence[Gallery], shards: str, checkpoint: Path, mood_names: Sequence[str]
) -> DrawnGalleries:
    """Returns the galleries' predictions with their pictures.

    Args:
      galleries: of predictions.
      shards: pattern of the eval split's TFRecord files, whose order is the table's.
      checkpoint: path of the trained model.
      mood_names: in index order.
    """
    by_row = {each.row: each for gallery in galleries for each in gallery.predictions}
    if not by_row:
        empty = [DrawnGallery(gallery.kind, gallery.mood, []) for gallery in galleries]
        return DrawnGalleries(empty, 0)

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
            heat_map=data_uri(overlay_heat_map(view, heat_map)) if heat_map.any() else None,
        )
        for (row, prediction), view, heat_map in zip(by_row.items(), views, heat_maps, strict=True)
    }
    drawn = [
        DrawnGallery(
            gallery.kind, gallery.mood, [pictures[each.row] for each in gallery.predictions]
        )
        for gallery in galleries
    ]
    return DrawnGalleries(drawn, int(heat_maps.shape[1]))


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
