"""A checkpoint, asked through the same functions that a servable's signatures are made of.

It needs Keras and the project. A checkpoint does not say by how much boxes were widened in
training; the ingest's default margin is used.
"""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import h5py
import keras
import tensorflow as tf

from client.backends.expected_model import ExpectedModel, check_expected, mood_names_for
from client.backends.model import ModelInfo, Response, responses_from
from dataset.boxes import PixelBox
from dataset.settings import DataSettings
from models.network import classifier
from models.servable.signatures import ServingSpec, Signatures
from models.settings import NONE, ModelSettings
from schemas import signatures
from schemas.errors import ConfigError

_READ_ERRORS = (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile)
"""What Keras and h5py raise on files that are cut short or hold something else."""


class CheckpointModel:
    """A Keras model with the project's reading of pictures; a ``client.backends.model.Model``."""

    def __init__(self, file: Path, expected: ExpectedModel) -> None:
        """Loads it.

        Args:
          file: a whole model (``.keras``, ``.h5``), or the weights of the project's network
            alone (``.weights.h5``, ``.h5``).
          expected: what the flags say of it.

        Raises:
          ConfigError: the file cannot be used, or the wishes contradict it.
        """
        model = _loaded(file, expected)
        resolution, classes = _shape(model, file)
        moods = mood_names_for(expected, classes, str(file))
        self.info = ModelInfo(str(file), moods, resolution)
        check_expected(expected, self.info)
        asked = Signatures(
            lambda pixels: model(pixels, training=False),
            ServingSpec(moods, resolution, DataSettings().box_margin),
        )
        images = tf.TensorSpec([None], tf.string, name=signatures.IMAGE_BYTES)
        boxes = tf.TensorSpec([None, 4], tf.int64, name=signatures.BOX)
        self._of_images = tf.function(
            asked.predict_images, input_signature=[images], autograph=False
        )
        self._of_boxes = tf.function(
            asked.predict_boxes, input_signature=[images, boxes], autograph=False
        )

    def predict(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        """See ``client.backends.model.Model``."""
        images = tf.constant(list(pictures), tf.string)
        if boxes is None:
            return responses_from(self._of_images(images))
        return responses_from(
            self._of_boxes(images, tf.constant([list(box) for box in boxes], tf.int64))
        )


def _loaded(file: Path, expected: ExpectedModel) -> keras.Model:
    try:
        if file.suffix != ".keras" and _holds_weights_alone(file):
            return _built(file, expected)
        return keras.models.load_model(file, compile=False)
    except ConfigError:  # It is a ValueError, and says more than what follows would.
        raise
    except _READ_ERRORS as error:
        raise ConfigError(
            f"{file} holds neither a Keras model nor weights of this project's network: {error}"
        ) from error


def _holds_weights_alone(file: Path) -> bool:
    with h5py.File(file) as content:
        return "model_config" not in content.attrs


def _built(file: Path, expected: ExpectedModel) -> keras.Model:
    """Builds the project's network for weights that come without it."""
    if expected.input_size is None:
        raise ConfigError(
            f"{file} holds weights alone, which do not say what resolution they were trained "
            "at. Give it as --input_size (the training's model.resolution; the original "
            "project's was 224)"
        )
    classes = _classes_of_weights(file)
    if expected.classes not in (None, classes):
        raise ConfigError(
            f"--classes must be the model's. Received: --classes {expected.classes}, and {file} "
            f"tells {classes} moods apart. Leave the flag out, or name another file"
        )
    try:
        settings = ModelSettings(weights=NONE, resolution=expected.input_size)
    except ConfigError as error:
        raise ConfigError(f"--input_size: {error}") from error
    model = classifier.build(settings, classes)
    model.load_weights(file)
    return model


def _classes_of_weights(file: Path) -> int:
    """Returns the columns of the head's kernel, the one matrix among the network's weights."""
    columns: set[int] = set()

    def note(_: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and item.ndim == 2:
            columns.add(int(item.shape[1]))

    with h5py.File(file) as content:
        content.visititems(note)
    if len(columns) != 1 or min(columns) < 2:
        raise ValueError("there is no head that tells moods apart")
    return columns.pop()


def _shape(model: keras.Model, file: Path) -> tuple[int, int]:
    """Returns (resolution, classes)."""
    # A Sequential model that was saved unbuilt has no shapes.
    shapes = getattr(model, "input_shape", None), getattr(model, "output_shape", None)
    match shapes:
        case (None, int(height), int(width), 3), (None, int(classes)) if (
            height == width and classes >= 2
        ):
            return height, classes
    raise ConfigError(
        "A checkpoint must map square RGB pictures to the probabilities of at least two moods. "
        f"{file} maps {shapes[0]} to {shapes[1]}"
    )
