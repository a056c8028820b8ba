"""EfficientNet's first three blocks of sixteen, which TensorFlow traces in a fifth of the time.

For runs that are about something else than the network. A module is run with it by
``python small_network.py -m MODULE ARGS``.
"""

import runpy
import sys

import keras
from keras.src.applications import efficientnet

from models.network import classifier, fast_layers


def new_backbone(resolution: int, drop_path: float = fast_layers.STOCK_DROP_PATH) -> keras.Model:
    """Stands for ``models.network.classifier.new_backbone``."""
    stock = efficientnet.EfficientNet(
        width_coefficient=1.0,
        depth_coefficient=1.0,
        default_size=resolution,
        blocks_args=efficientnet.DEFAULT_BLOCKS_ARGS[:2],
        include_top=False,
        weights=None,
        input_shape=(resolution, resolution, 3),
    )
    return fast_layers.with_fast_layers(stock, drop_path)


if __name__ == "__main__":
    classifier.new_backbone = new_backbone
    option, module, *sys.argv[1:] = sys.argv[1:]
    assert option == "-m"
    runpy.run_module(module, run_name="__main__", alter_sys=True)
