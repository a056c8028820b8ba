"""A training or a search in a process of its own: ``device_process.py <call.json>``.

The network has no batch norm: with it, several devices are not to give what one gives.
"""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import tensorflow as tf

from models import trainer, tuner
from models.network import classifier
from models.settings.network import ModelSettings

TABLE = "TABLE "
"""What a line with a search's table begins with."""


def build(settings: ModelSettings, num_classes: int) -> keras.Model:
    """Stands for ``classifier.build``."""
    layers = keras.layers
    pixels = keras.Input((settings.resolution, settings.resolution, 3))
    flow = layers.Rescaling(1 / 255, name="stem_scale")(pixels)
    flow = layers.Conv2D(8, 5, strides=4, activation="relu", name="block7a_conv")(flow)
    flow = layers.GlobalAveragePooling2D(name="head_pool")(flow)
    return keras.Model(pixels, layers.Dense(num_classes, activation="softmax", name="head")(flow))


def main() -> None:
    """Trains, or searches, once for each of the call's dictionaries of arguments."""
    call: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    if call["logical_devices"] > 1:
        (cpu,) = tf.config.list_physical_devices("CPU")
        parts = [tf.config.LogicalDeviceConfiguration()] * call["logical_devices"]
        tf.config.set_logical_device_configuration(cpu, parts)
    classifier.build = build
    for arguments in call["runs"]:
        trainer.run_fn(SimpleNamespace(**arguments))
    for arguments in call.get("searches", ()):
        search = tuner.tuner_fn(SimpleNamespace(**arguments)).tuner
        search.search()
        table = {"writes": search.writes, **search.table()}
        sys.stdout.write(f"{TABLE}{json.dumps(table)}\n")


if __name__ == "__main__":
    main()
