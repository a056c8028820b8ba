"""A pushed version: a SavedModel whose signatures are called with TensorFlow alone."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from client.backends.model import ModelInfo, Response, responses_from
from dataset.boxes import PixelBox
from schemas import signatures
from schemas.errors import ConfigError
from system.patterns import plain

_LOAD_ERRORS = (tf.errors.OpError, OSError, ValueError, KeyError, RuntimeError)
"""Errors that TensorFlow raises for a SavedModel that is cut short or of another kind."""


class SavedModel:
    """A SavedModel with the signatures of ``schemas.signatures``, as a ``Model``."""

    def __init__(self, folder: Path, info: ModelInfo) -> None:
        """Loads it.

        Args:
          folder: contains ``saved_model.pb``.
          info: from ``client.backends.weight_path.read_model_info``.

        Raises:
          ConfigError: it cannot be loaded or lacks a signature.
        """
        self.info = info
        try:
            with plain(str(folder)) as path:
                self._loaded = tf.saved_model.load(path)
        except _LOAD_ERRORS as error:
            raise ConfigError(
                f"{info.source} cannot be loaded: {error}. Name another version, or push again"
            ) from error
        found = self._loaded.signatures
        missing = {signatures.SERVE_IMAGE, signatures.SERVE_BOX} - set(found)
        if missing:
            raise ConfigError(
                f"A pushed version has the signatures {signatures.SERVE_IMAGE} and "
                f"{signatures.SERVE_BOX}. {info.source} has {', '.join(found) or 'none'}"
            )

    @property
    def signatures(self) -> Mapping[str, Callable[..., Mapping[str, Any]]]:
        """The loaded signatures: tensors by input in, tensors by output out."""
        found: Mapping[str, Callable[..., Mapping[str, Any]]] = self._loaded.signatures
        return found

    def predict(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        """See ``client.backends.model.Model``."""
        images = tf.constant(list(pictures), tf.string)
        if boxes is None:
            predict = self._loaded.signatures[signatures.SERVE_IMAGE]
            return responses_from(predict(**{signatures.IMAGE_BYTES: images}))
        predict = self._loaded.signatures[signatures.SERVE_BOX]
        box_tensor = tf.constant([list(box) for box in boxes], tf.int64)
        return responses_from(
            predict(**{signatures.IMAGE_BYTES: images, signatures.BOX: box_tensor})
        )
