"""What the tests of ``models`` are fed: pictures, Examples, shards and a Transform graph."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from google.protobuf import text_format
from PIL import Image
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform import impl_helper
from tensorflow_transform.tf_metadata import dataset_metadata, metadata_io, schema_utils

import schemas
from models.settings.augmentation import AugmentSettings
from models.settings.network import ModelSettings
from models.settings.training import TrainSettings
from models.transform import preprocessing_fn
from schemas import features
from testing.models import quadrants
from testing.models.quadrants import (
    BLACK,
    MOODS,
    RED,
    SIDE,
    Pixels,
    encoded,
    quadrant_network,
)

__all__ = ["BLACK", "MOODS", "RED", "SIDE", "encoded", "quadrant_network"]

Answer = dict[str, npt.NDArray[Any]]
"""What a signature answers, by output name."""
Ask = Callable[..., Answer]

CONFIG = {
    "model": ModelSettings(weights="none", resolution=SIDE, batch_norm_momentum=0.9).model_dump(),
    "train": TrainSettings(
        epochs=2, batch_size=8, learning_rate=1e-3, shuffle_buffer=64
    ).model_dump(),
    "augment": AugmentSettings().model_dump(),
    "moods": list(MOODS),
    "box_margin": 0.05,
    "backup_dir": "",
}
"""The Trainer's ``custom_config`` for the smallest training there is, but for its folder."""

GREEN, BLUE = (0, 255, 0), (0, 0, 255)


def jpeg(pixels: Pixels | Image.Image, **options: Any) -> bytes:
    """Returns a JPEG of high quality without colour subsampling."""
    return encoded(pixels, "JPEG", **{"quality": 95, "subsampling": 0} | options)


def plain(colour: Sequence[int] | int, height: int = SIDE, width: int = SIDE) -> Pixels:
    """Returns uint8[height, width, 3] of one colour, or of one grey."""
    return np.broadcast_to(np.asarray(colour, np.uint8), (height, width, 3)).copy()


def mottled(height: int, width: int, seed: int = 0) -> Pixels:
    """Returns a smooth random picture, uint8[height, width, 3]."""
    return np.asarray(quadrants.mottled(height, width, seed)).copy()


def example(
    picture: bytes, label: str = MOODS[0], window: Sequence[int] = (0, 0, SIDE, SIDE)
) -> bytes:
    """Returns a serialized Example as PetExampleGen writes it, as far as ``models`` reads it."""
    values = {
        features.IMAGE: tf.train.Feature(bytes_list=tf.train.BytesList(value=[picture])),
        features.WINDOW: tf.train.Feature(int64_list=tf.train.Int64List(value=window)),
        features.LABEL: tf.train.Feature(bytes_list=tf.train.BytesList(value=[label.encode()])),
    }
    message = tf.train.Example(features=tf.train.Features(feature=values))
    return bytes(message.SerializeToString())


def write_shard(path: Path, records: Sequence[bytes]) -> str:
    """Writes an uncompressed TFRecord file and returns its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)
    return str(path)


def write_split(folder: Path, count: int, seed: int) -> str:
    """Writes ``count`` mottled crops in two shards and returns their pattern."""
    records = [
        example(jpeg(mottled(40, 44, seed + row)), MOODS[row % 4], (3, 5, SIDE, SIDE))
        for row in range(count)
    ]
    write_shard(folder / "0.tfrecord", records[: count // 2])
    write_shard(folder / "1.tfrecord", records[count // 2 :])
    return str(folder / "*")


def write_transform_graph(folder: Path, moods: Sequence[str]) -> str:
    """Writes what the Transform node writes, by the call that TFX's in-place run makes."""
    text = (Path(schemas.__path__[0]) / "schema.pbtxt").read_text(encoding="utf-8")
    schema = text_format.Parse(text, schema_pb2.Schema())
    spec = schema_utils.schema_as_feature_spec(schema).feature_spec
    metadata_io.write_metadata(dataset_metadata.DatasetMetadata(schema), str(folder / "metadata"))

    def bound(inputs: Mapping[str, Any]) -> dict[str, tf.Tensor]:
        return preprocessing_fn(inputs, {"moods": list(moods)})

    impl_helper.analyze_in_place(bound, False, spec, type_specs(spec), str(folder))
    return str(folder)


def type_specs(feature_spec: Mapping[str, Any]) -> dict[str, tf.TypeSpec]:
    """Returns the batches' types for parsing specs, as TFX's tensor adapter does."""
    return {
        name: tf.TensorSpec([None, *spec.shape], spec.dtype)
        if isinstance(spec, tf.io.FixedLenFeature)
        else tf.SparseTensorSpec([None, None], spec.dtype)
        for name, spec in feature_spec.items()
    }


def red_at(quadrant: int, height: int = SIDE, width: int = SIDE) -> Pixels:
    """Returns a black picture with one red quadrant."""
    return np.asarray(quadrants.red_at(quadrant, height, width)).copy()


def words(tensor: npt.NDArray[Any]) -> list[str]:
    """Returns a tensor of strings as a flat list."""
    return [word.decode() for word in tensor.ravel()]


def named_network() -> keras.Model:
    """Returns a network for 8 x 8 pixels and two moods, with layers named as EfficientNet's."""
    layers = keras.layers
    pixels = keras.Input((8, 8, 3))
    flow = pixels
    for name in ("stem", "block6a", "block7a"):
        flow = layers.Conv2D(4, 3, name=f"{name}_conv")(flow)
        flow = layers.BatchNormalization(name=f"{name}_bn")(flow)
    pooled = layers.GlobalAveragePooling2D(name="head_pool")(flow)
    scaled = layers.BatchNormalization(name="head_norm")(pooled)
    answer = layers.Dense(2, activation="softmax", name="head")(scaled)
    return keras.Model(pixels, answer)


def write_clips(folder: Path, clips: int) -> str:
    """Writes clips of two frames, each mood's in turn, and returns the files' pattern."""
    records = []
    for row in range(2 * clips):
        picture = jpeg(mottled(SIDE, SIDE, row))
        record = tf.train.Example.FromString(example(picture, MOODS[row // 2 % 4]))
        record.features.feature[features.CLIP].bytes_list.value.append(b"%d" % (row // 2))
        records.append(record.SerializeToString())
    write_shard(folder / "0.tfrecord", records)
    return str(folder / "*")
