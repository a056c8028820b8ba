"""The network: EfficientNetB0, global average pooling, batch normalisation, dropout, softmax.

Mingxing Tan and Quoc V. Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural
Networks", https://arxiv.org/abs/1905.11946. Where the backbone's weights come from is in
``models.network.backbone_weights``.

Pixels go in as 0..255: the backbone itself divides by 255 and normalises. The normalisation must
not depend on the source of the weights. But Keras builds two graphs:

* ``weights="imagenet"``: ``Normalization``, then ``Rescaling(1 / sqrt(std))``. The downloaded
  file holds ImageNet's std where the layer expects a variance, so that the two give
  ``(x - mean) / sqrt(std) / sqrt(std) = (x - mean) / std``.
* ``weights=None`` or a path: no such Rescaling. The same file then gives
  ``(x - mean) / sqrt(std)``, about half, without a warning.

This module always takes the second graph. After any loading it sets the graph's Normalization to
ImageNet's mean and true variance: ``(x - mean) / sqrt(std ** 2) = (x - mean) / std``.
"""

import keras
import numpy as np

from models.network import backbone_weights, fast_layers
from models.settings.network import ModelSettings

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)
"""Of the ImageNet training pictures in 0..1, RGB; Keras' weights were trained with these values."""


def build(settings: ModelSettings, num_classes: int) -> keras.Model:
    """Builds the network and loads the backbone's weights; the head's are random.

    Args:
      settings: all are used.
      num_classes: moods in the label map, >= 2.

    Returns:
      A model from [n, resolution, resolution, 3] in 0..255 (any number type) to
      float32[n, num_classes], each row summing to 1. Its layers are flat, the backbone's first.

    Raises:
      ConfigError: if the weights cannot be loaded.
    """
    backbone = new_backbone(settings.resolution, settings.drop_path)
    backbone_weights.load(backbone, settings.weights)
    set_normalization(backbone)
    pooled = keras.layers.GlobalAveragePooling2D(name="head_pool")(backbone.output)
    scaled = keras.layers.BatchNormalization(name="head_norm")(pooled)
    dropped = fast_layers.Dropout(settings.head_dropout, name="head_drop")(scaled)
    # Always float32: a softmax in half precision rounds small probabilities to 0.
    head = keras.layers.Dense(num_classes, activation="softmax", dtype="float32", name="head")
    model = keras.Model(backbone.input, head(dropped), name="pet_mood")
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = settings.batch_norm_momentum
    return model


def new_backbone(resolution: int, drop_path: float = fast_layers.STOCK_DROP_PATH) -> keras.Model:
    """Returns a randomly initialised backbone.

    Args:
      resolution: side of the pictures, pixels.
      drop_path: rate at which the deepest block is left out of an example's path; the rate of the
        blocks before it rises to it in a straight line.
    """
    stock = keras.applications.EfficientNetB0(
        include_top=False,
        weights=None,
        input_shape=(resolution, resolution, 3),
    )
    return fast_layers.with_fast_layers(stock, drop_path)


def without_optimizer(model: keras.Model) -> keras.Model:
    """Returns a model of the same layers and variables without optimiser, loss and metrics."""
    return keras.Model(model.inputs, model.outputs, name=model.name)


def set_normalization(backbone: keras.Model) -> None:
    """Sets ImageNet's mean and true variance, see above."""
    (layer,) = (each for each in backbone.layers if isinstance(each, keras.layers.Normalization))
    layer.adapt_mean.assign(np.asarray(_IMAGENET_MEAN, np.float32))
    layer.adapt_variance.assign(np.square(np.asarray(_IMAGENET_STD, np.float32)))
    layer.finalize_state()
