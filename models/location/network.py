"""The locator's network: EfficientNetB0 up to one of its stages, and one map of scores and boxes.

It is anchor-free and works by centres, as in Xingyi Zhou, Dequan Wang and Philipp Krähenbühl,
"Objects as Points" (2019), https://arxiv.org/abs/1904.07850, with a box as distances to its four
sides as in Zhi Tian et al., "FCOS" (2019), https://arxiv.org/abs/1904.01355. Features of stride 32,
where there are any, are enlarged and joined with those of stride 16 as in Tsung-Yi Lin et al.,
"Feature Pyramid Networks" (2017), https://arxiv.org/abs/1612.03144; of the pyramid this one level
is used, for an animal that a mood can be told of is no speck.
"""

import math

import keras

from models.network import backbone_weights, classifier, fast_layers
from models.settings.locator import stride_of

CHANNELS = 5
"""Channels of the map: the score's logit, and the distances to a box's four sides."""

_FINE = {3: "block3b_add", 4: "block4c_add", 5: "block5c_add", 6: "block5c_add"}
_COARSE = {6: "block6d_add"}
"""Outputs that are used, by ``stages``: of the stage's own stride, and of stride 32 (192 channels).
The last stage and the top convolution have half of the weights, and are made for telling a thousand
kinds of things apart."""
STARTS_TO_LEARN = "block4a_expand_conv"
"""The layers before this one may stay as the start weights have them."""
_WIDTH = 96
_SCALE = 0.3
"""Distance that the network says at first, as a share of the picture's side."""
_PRIOR = 0.02
"""Score of every cell at first: else the many cells without an animal would drown the others
(Tsung-Yi Lin et al., "Focal Loss for Dense Object Detection", 2017,
https://arxiv.org/abs/1708.02002, section 4.1)."""


def build(
    resolution: int,
    weights: str,
    stages: int = 6,
    *,
    drop_path: float = 0.1,
    momentum: float = 0.9,
) -> keras.Model:
    """Builds the network and loads the backbone's weights; the others are random.

    Args:
      resolution: side of the pictures, pixels; a multiple of 32.
      weights: of the backbone, ``ModelSettings.weights``.
      stages: of the backbone that are used, see ``LocateSettings``.
      drop_path: see ``classifier.new_backbone``.
      momentum: of the moving statistics of every batch norm.

    Returns:
      A model from [n, resolution, resolution, 3] in 0..255 (any number type), whole photos
      stretched to a square, to float32[n, g, g, CHANNELS] with g of ``cells``.
      ``models.location.decoding`` says what the channels mean and turns them into boxes.

    Raises:
      ConfigError: if the weights cannot be loaded.
    """
    backbone = classifier.new_backbone(resolution, drop_path)
    backbone_weights.load(backbone, weights)
    classifier.set_normalization(backbone)
    joined = _conv(backbone.get_layer(_FINE[stages]).output, 1, "fine")
    if stages in _COARSE:
        coarse = _conv(backbone.get_layer(_COARSE[stages]).output, 1, "coarse")
        coarse = keras.layers.UpSampling2D(2, name="up")(coarse)
        joined = keras.layers.Add(name="join")([joined, coarse])
    features = _separable(_separable(joined, "neck"), "neck2")
    score = keras.layers.Conv2D(
        1,
        1,
        dtype="float32",
        bias_initializer=keras.initializers.Constant(-math.log((1 - _PRIOR) / _PRIOR)),
        name="score",
    )(_separable(features, "score_head"))
    # softplus(b) = _SCALE at first.
    distances = keras.layers.Conv2D(
        4,
        1,
        activation="softplus",
        dtype="float32",
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
        bias_initializer=keras.initializers.Constant(math.log(math.expm1(_SCALE))),
        name="distances",
    )(_separable(features, "box_head"))
    located = keras.layers.Concatenate(dtype="float32", name="map")([score, distances])
    model = keras.Model(backbone.input, located, name="locator")
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = momentum
    return model


def cells(resolution: int, stages: int) -> int:
    """Returns the map's side in cells, for pictures of a side in pixels."""
    return resolution // stride_of(stages)


def _conv(inputs: keras.KerasTensor, size: int, name: str) -> keras.KerasTensor:
    convolved = keras.layers.Conv2D(
        _WIDTH, size, padding="same", use_bias=False, name=f"{name}_conv"
    )(inputs)
    return fast_layers.BatchNormalization(name=f"{name}_norm")(convolved)


def _separable(inputs: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Returns a depthwise 5x5 and a pointwise convolution, as EfficientDet's heads have."""
    deep = keras.layers.DepthwiseConv2D(5, padding="same", use_bias=False, name=f"{name}_deep")
    return fast_layers.Swish(name=f"{name}_swish")(_conv(deep(inputs), 1, name))
