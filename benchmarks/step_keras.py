"""The Keras sides of ``benchmarks.train_step``: the original project's stock network, and ours."""

from collections.abc import Callable

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from benchmarks import flags
from benchmarks.step_protocol import BATCH_SIZE, NUM_CLASSES, RESOLUTION, serve
from models.network import classifier
from models.settings.network import ModelSettings
from models.settings.training import TrainSettings
from models.training import compiling, fine_tuning, losses

Pixels = npt.NDArray[np.uint8]


def stock() -> keras.Model:
    """Returns the original project's network, compiled as it was there."""
    backbone = keras.applications.EfficientNetB0(
        include_top=False, weights=None, input_shape=(RESOLUTION, RESOLUTION, 3)
    )
    pooled = keras.layers.GlobalAveragePooling2D()(backbone.output)
    normalised = keras.layers.BatchNormalization()(pooled)
    probabilities = keras.layers.Dense(NUM_CLASSES, "softmax")(normalised)
    model = keras.Model(backbone.input, probabilities)
    model.compile(
        keras.optimizers.Adam(5e-6),
        "categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
    )
    return model


def ours() -> keras.Model:
    """Returns our network, compiled as the training does."""
    model = classifier.build(ModelSettings(weights="none", resolution=RESOLUTION), NUM_CLASSES)
    settings = TrainSettings(batch_size=BATCH_SIZE)
    (phase,) = fine_tuning.phases(settings)
    loss = losses.loss_for(settings, [1] * NUM_CLASSES)
    compiling.compile_for(model, settings, loss, phase, steps_per_epoch=1000)
    return model


NETWORKS = {"stock": stock, "ours": ours}


def training_step(model: keras.Model, pixels: Pixels) -> Callable[[], object]:
    """Returns a function that does one training step as ``fit`` does, on a ready batch."""
    labels = np.eye(NUM_CLASSES, dtype=np.float32)[np.arange(BATCH_SIZE) % NUM_CLASSES]
    weights = np.ones(BATCH_SIZE, np.float32)
    batches = iter(tf.data.Dataset.from_tensors((pixels, labels, weights)).repeat())
    model.make_train_function()
    return lambda: np.asarray(model.train_function(batches)["loss"])


def stock_prediction(model: keras.Model, pixels: Pixels) -> Callable[[], object]:
    """Returns a function that predicts a batch by Keras' ``predict``."""
    floats = pixels.astype(np.float32)
    return lambda: model.predict(floats, batch_size=BATCH_SIZE, verbose=0)


def our_prediction(model: keras.Model, pixels: Pixels) -> Callable[[], object]:
    """Returns a function that predicts a batch in one graph, as a servable does.

    The batch norms are not folded, which ``models.servable.export`` does.
    """
    call = tf.function(lambda batch: model(batch, training=False), autograph=False)
    return lambda: call(pixels).numpy()


def main() -> None:
    """Serves one side."""
    parser = flags.parser(__doc__)
    parser.add_argument("--network", choices=NETWORKS, required=True, help="the network to measure")
    flags.add_mode(parser)
    flags.add_bfloat16(parser)
    args = parser.parse_args()
    if args.bfloat16:
        keras.config.set_dtype_policy("mixed_bfloat16")
    pixels = np.random.default_rng(1).integers(
        0, 256, (BATCH_SIZE, RESOLUTION, RESOLUTION, 3), np.uint8
    )
    model = NETWORKS[args.network]()
    if args.mode == flags.TRAINING:
        serve(training_step(model, pixels))
    elif args.network == "stock":
        serve(stock_prediction(model, pixels))
    else:
        serve(our_prediction(model, pixels))


if __name__ == "__main__":
    main()
