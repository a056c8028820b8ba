"""The Keras sides of ``benchmarks.train_step``: stock as the original built it, and ours."""

import argparse
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from benchmarks.step_protocol import BATCH, CLASSES, SIDE, serve
from models.network import classifier
from models.settings import ModelSettings, TrainSettings
from models.training import fine_tuning, fitting, losses

Pixels = np.ndarray


def stock() -> keras.Model:
    """Returns the original project's network, compiled as it was."""
    backbone = keras.applications.EfficientNetB0(
        include_top=False, weights=None, input_shape=(SIDE, SIDE, 3)
    )
    pooled = keras.layers.GlobalAveragePooling2D()(backbone.output)
    scaled = keras.layers.BatchNormalization()(pooled)
    model = keras.Model(backbone.input, keras.layers.Dense(CLASSES, "softmax")(scaled))
    model.compile(
        keras.optimizers.Adam(5e-6),
        "categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
    )
    return model


def ours() -> keras.Model:
    """Returns our network, compiled as the training does."""
    model = classifier.build(ModelSettings(weights="none", resolution=SIDE), CLASSES)
    settings = TrainSettings(batch_size=BATCH)
    (phase,) = fine_tuning.phases(settings)
    loss = losses.loss_for(settings, [1] * CLASSES)
    fitting.compile_for(model, settings, loss, phase, steps_per_epoch=1000)
    return model


def training(model: keras.Model, pixels: Pixels) -> Callable[[], object]:
    """Returns one step of training as ``fit`` makes it, on a batch that is at hand."""
    truth = np.eye(CLASSES, dtype=np.float32)[np.arange(BATCH) % CLASSES]
    weights = np.ones(BATCH, np.float32)
    batches = iter(tf.data.Dataset.from_tensors((pixels, truth, weights)).repeat())
    model.make_train_function()
    return lambda: np.asarray(model.train_function(batches)["loss"])


def answering(model: keras.Model, pixels: Pixels) -> Callable[[], object]:
    """Returns one answer of the network as ``models.servable.export`` writes it."""
    call = tf.function(lambda batch: model(batch, training=False), autograph=False)
    return lambda: call(pixels).numpy()


def main() -> None:
    """Serves one side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--which", choices=("stock", "ours"), required=True)
    parser.add_argument("--what", choices=("training", "inference"), required=True)
    parser.add_argument("--bfloat16", action="store_true")
    asked = parser.parse_args()
    if asked.bfloat16:
        keras.config.set_dtype_policy("mixed_bfloat16")
    pixels = np.random.default_rng(1).integers(0, 256, (BATCH, SIDE, SIDE, 3), np.uint8)
    model = stock() if asked.which == "stock" else ours()
    if asked.what == "training":
        serve(training(model, pixels))
    elif asked.which == "stock":
        floats = pixels.astype(np.float32)
        serve(lambda: model.predict(floats, batch_size=BATCH, verbose=0))
    else:
        serve(answering(model, pixels))


if __name__ == "__main__":
    main()
