"""A checkpoint that predicts with the same functions as a servable's signatures.

It needs Keras and the project. A checkpoint does not record how boxes were clipped and widened in
training, so the ingest's defaults are used. The file that a training writes beside it
(``signatures.SPEC_ASSET``) tells the threshold of unsure answers; without it no answer says
whether it is unsure.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import tensorflow as tf

from client.backends.checkpoint_file import check_size, is_weights_only, num_classes_of
from client.backends.expected_model import ExpectedModel, check_expected, mood_names_for
from client.backends.model import ModelInfo, Response, responses_from
from client.backends.weight_path import MAX_RESOLUTION, trained_on
from dataset.boxes import PixelBox
from dataset.settings import DataSettings
from models.network import classifier
from models.servable.serving_spec import ServingSpec
from models.servable.signatures import Signatures
from models.settings.network import NONE, ModelSettings
from schemas import json_text, signatures
from schemas.errors import ConfigError
from schemas.labels import MAX_MOODS
from system.printable import printable

_MAX_REASON = 400
"""Characters of Keras' message, which may quote a file's whole configuration."""


class CheckpointModel:
    """A Keras model with the project's preprocessing; a ``client.backends.model.Model``."""

    def __init__(self, file: Path, expected: ExpectedModel) -> None:
        """Loads it.

        Args:
          file: a whole model (``.keras``, ``.h5``), or only the weights of the project's network
            (``.weights.h5``, ``.h5``).
          expected: the flags about the model.

        Raises:
          ConfigError: the file cannot be used, or the flags contradict it.
        """
        network = _load_network(file, expected)
        resolution, num_classes = _input_and_output(network, file)
        mood_names = mood_names_for(expected, num_classes, str(file))
        beside = _read_beside(file)
        self.info = ModelInfo(str(file), mood_names, resolution, trained_on(beside))
        check_expected(expected, self.info)

        data = DataSettings()
        unsure_below = beside.get("unsure_below")
        self._tells_unsure = isinstance(unsure_below, float | int)
        functions = Signatures(
            lambda pixels: network(pixels, training=False),
            ServingSpec(
                mood_names,
                resolution,
                data.box_margin,
                box_overhang=data.box_overhang,
                unsure_below=float(unsure_below) if isinstance(unsure_below, float | int) else 0.0,
            ),
        )
        images = tf.TensorSpec([None], tf.string, name=signatures.IMAGE_BYTES)
        boxes = tf.TensorSpec([None, 4], tf.int64, name=signatures.BOX)
        self._predict_images = tf.function(
            functions.predict_images, input_signature=[images], autograph=False
        )
        self._predict_boxes = tf.function(
            functions.predict_boxes, input_signature=[images, boxes], autograph=False
        )

    def predict(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        """See ``client.backends.model.Model``."""
        images = tf.constant(list(pictures), tf.string)
        if boxes is None:
            responses = responses_from(self._predict_images(images))
        else:
            box_tensor = tf.constant([list(box) for box in boxes], tf.int64)
            responses = responses_from(self._predict_boxes(images, box_tensor))
        if self._tells_unsure:
            return responses
        return [response._replace(unsure=None) for response in responses]


def _read_beside(checkpoint: Path) -> Mapping[str, object]:
    """Returns the ``signatures.SPEC_ASSET`` beside a checkpoint; {} where there is none."""
    path = checkpoint.with_name(signatures.SPEC_ASSET)
    if not path.is_file():
        return {}
    try:
        return json_text.read_object(path)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} must say how the checkpoint beside it is used. It cannot be read: {error}. "
            "Copy it anew from the training's folder, or move it away"
        ) from error


def _load_network(file: Path, expected: ExpectedModel) -> keras.Model:
    try:
        check_size(file)
        if file.suffix != ".keras" and is_weights_only(file):
            return _build_network(file, expected)
        return keras.models.load_model(file, compile=False)
    except ConfigError:  # It is a ValueError, and its message is more exact than the one below.
        raise
    # Keras passes a file's configuration to its classes, which may raise anything.
    except Exception as error:
        reason = printable(str(error) or type(error).__name__)[:_MAX_REASON]
        raise ConfigError(
            f"{file} holds neither a Keras model nor weights of this project's network: {reason}"
        ) from error


def _build_network(file: Path, expected: ExpectedModel) -> keras.Model:
    """Returns the project's network with the weights of a file that has no architecture."""
    if expected.input_size is None:
        raise ConfigError(
            f"{file} holds only weights, which do not show the resolution that they were trained "
            "at. Give it as --input_size (the training's model.resolution; the original "
            "project's was 224)"
        )
    num_classes = num_classes_of(file)
    if expected.classes not in (None, num_classes):
        raise ConfigError(
            f"--classes must be the model's. Received: --classes {expected.classes}, and {file} "
            f"has {num_classes} moods. Leave the flag out, or name another file"
        )
    try:
        settings = ModelSettings(weights=NONE, resolution=expected.input_size)
    except ConfigError as error:
        raise ConfigError(f"--input_size: {error}") from error
    network = classifier.build(settings, num_classes)
    network.load_weights(file)
    return network


def _input_and_output(network: keras.Model, file: Path) -> tuple[int, int]:
    """Returns (resolution, number of classes)."""
    # A Sequential model that was saved unbuilt has no shapes.
    shapes = getattr(network, "input_shape", None), getattr(network, "output_shape", None)
    match shapes:
        case (None, int(height), int(width), 3), (None, int(num_classes)) if (
            height == width <= MAX_RESOLUTION and 2 <= num_classes <= MAX_MOODS
        ):
            return height, num_classes
    raise ConfigError(
        f"A checkpoint must map square RGB pictures of up to {MAX_RESOLUTION} pixels to the "
        f"probabilities of 2 to {MAX_MOODS} moods. {file} maps {shapes[0]} to {shapes[1]}"
    )
