"""Exchanges layers of a Keras application for those that are faster and compute the same.

The weights stay the same in number, order, shape and name, so that files fit both networks.
"""

import keras

from models import fast_layers


def fast(network: keras.Model) -> keras.Model:
    """Returns the network anew, with freshly initialised weights.

    Args:
      network: EfficientNet of ``keras.applications``; not changed.
    """
    return keras.models.clone_model(network, clone_function=_exchanged)


def _exchanged(layer: keras.layers.Layer) -> keras.layers.Layer:
    config = layer.get_config()
    common = {key: config[key] for key in ("name", "trainable", "dtype")}
    if isinstance(layer, keras.layers.BatchNormalization):
        return fast_layers.BatchNormalization.from_config(config)
    if isinstance(layer, keras.layers.Activation) and config["activation"] in ("swish", "silu"):
        return fast_layers.Swish.from_config(common)
    # EfficientNet pads its strided convolutions by hand, as much as TensorFlow's "same" does.
    # A copy of the padded picture is saved, and one more for its gradient.
    if isinstance(layer, keras.layers.ZeroPadding2D):
        return keras.layers.Identity(name=layer.name)
    if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
        return type(layer).from_config(config | {"padding": "same"})
    return type(layer).from_config(config)
