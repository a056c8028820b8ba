"""First weights of the backbone: from Keras' store, from a file, or random."""

import zipfile

import keras

from models.network.weights_file import local_file
from models.settings.network import IMAGENET, NONE
from schemas.errors import ConfigError

_SUFFIXES = (".keras", ".h5", ".hdf5")


def load(backbone: keras.Model, source: str) -> None:
    """Loads weights into the backbone.

    Args:
      backbone: EfficientNetB0 without its top.
      source: ``ModelSettings.weights``.

    Raises:
      ConfigError: if they cannot be downloaded or read, or if they are of another network.
      OSError: they are in a bucket that does not answer.
    """
    if source == IMAGENET:
        _load_imagenet(backbone)
    elif source != NONE:
        _load_file(backbone, source)


def _load_imagenet(backbone: keras.Model) -> None:
    """Copies the weights of Keras' own ImageNet model, which knows its file's address and hash.

    The stock model has one more layer (see ``models.network.classifier``), without weights.
    """
    shape = backbone.input_shape[1:]
    try:
        stock = keras.applications.EfficientNetB0(
            include_top=False, weights="imagenet", input_shape=shape
        )
    except Exception as error:  # Keras turns whatever stops a download into a bare Exception.
        raise ConfigError(
            f"The ImageNet weights cannot be loaded from Keras' store: {error}. Give the path of a "
            f"weights file (model.weights=FILE), or start from random ones (model.weights={NONE})"
        ) from error
    backbone.set_weights(stock.get_weights())


def _load_file(backbone: keras.Model, source: str) -> None:
    path = local_file(source)
    if not path.is_file():
        raise ConfigError(
            f"model.weights must be {IMAGENET!r}, {NONE!r} or the path of a weights file. "
            f"There is no file {source!r}"
        )
    if path.suffix not in _SUFFIXES:
        raise ConfigError(
            f"A weights file ends in one of {', '.join(_SUFFIXES)}. Received: {source!r}"
        )
    try:
        backbone.load_weights(path)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ConfigError(
            f"{source!r} does not hold weights of EfficientNetB0 without its top, as Keras' "
            f"efficientnetb0_notop.h5 or a checkpoint of a former run does: {error}"
        ) from error
