"""What ``benchmarks.real_photos`` trains on: our shards, and the same crops for PyTorch."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from benchmarks.label_indexers import MoodIndexer
from components.pet_example_gen.job import IngestSettings, ShardJob
from components.pet_example_gen.shard import write_shard
from dataset.partition import SplitShare, partition_rows
from dataset.settings import DataSettings
from dataset.thinning import ThinSettings
from models.network import backbone_weights, classifier
from schemas import features
from schemas.splits import RECORDS

CROPS, WEIGHTS = "crops.npz", "weights.npz"
_CHECKED = 8
"""Pictures by whose features PyTorch checks that it has the same network."""


def write_split(csv: Path, folder: Path, moods: Sequence[str], side: int) -> str:
    """Ingests a CSV into one shard, unless it is there, and returns the shard's path.

    Args:
      csv: table of photos, boxes and labels.
      folder: gets the shard, and ``CROPS`` with the decoded crops, windows and label indices.
      moods: names in index order.
      side: of the view, pixels.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (block,) = partition_rows(str(csv), [SplitShare("all", 1)], 10**6, str(folder)).blocks
    settings = IngestSettings(
        data=DataSettings(), thin=ThinSettings(), moods=tuple(moods), side=side
    )
    stem = str(folder / "shard")
    write_shard(ShardJob(block, settings, str(csv.parent), False, frozenset(), stem, block.rows))
    _write_crops(stem + RECORDS, folder / CROPS, moods)
    return stem + RECORDS


def _write_crops(shard: str, path: Path, moods: Sequence[str]) -> None:
    """Writes the crops of a shard as arrays; they differ in size, so the pixels are in a row."""
    indexer = MoodIndexer(moods)
    spec = {
        features.IMAGE: tf.io.FixedLenFeature([], tf.string),
        features.WINDOW: tf.io.FixedLenFeature([4], tf.int64),
    }
    pixels, sizes, windows, labels = [], [], [], []
    for record in tf.data.TFRecordDataset(shard):
        parsed = tf.io.parse_single_example(record, spec | indexer.feature_spec)
        with Image.open(io.BytesIO(parsed[features.IMAGE].numpy())) as image:
            crop = np.asarray(image.convert("RGB"))
        pixels.append(crop.ravel())
        sizes.append(crop.shape[:2])
        windows.append(parsed[features.WINDOW].numpy())
        labels.append(int(indexer(parsed[features.LABEL][tf.newaxis])[0]))
    np.savez(
        path,
        pixels=np.concatenate(pixels),
        sizes=np.array(sizes),
        windows=np.array(windows),
        labels=np.array(labels),
    )


def write_weights(weights: str, side: int, path: Path) -> None:
    """Writes the start weights by layer name, and the features of some random pictures.

    Args:
      weights: ``model.weights``.
      side: of the pictures, pixels.
      path: of the file, for ``benchmarks.photos_torch``.
    """
    backbone = classifier.new_backbone(side)
    backbone_weights.load(backbone, weights)
    classifier.set_normalization(backbone)
    arrays = {
        f"{layer.name}/{variable.name}": variable.numpy()
        for layer in backbone.layers
        for variable in layer.variables
        if variable.dtype == "float32"
    }
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (_CHECKED, side, side, 3), np.uint8)
    found = tf.reduce_mean(backbone(pixels, training=False), axis=[1, 2]).numpy()
    np.savez(path, **arrays, pixels=pixels, features=found)
