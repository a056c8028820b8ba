"""A small network in place of the locator's, for tests of what is around it."""

import keras

from models.location.network import CHANNELS, STARTS_TO_LEARN


def build(resolution: int, weights: str, stages: int) -> keras.Model:
    """Stands in for ``models.location.network.build``; learns bright colours on grey."""
    del weights, stages
    inputs = keras.layers.Input((resolution, resolution, 3))
    scaled = keras.layers.Rescaling(1 / 64, offset=-2)(inputs)
    fine = keras.layers.Conv2D(16, 4, strides=4, activation="relu")(scaled)
    coarse = keras.layers.Conv2D(32, 4, strides=4, activation="relu", name=STARTS_TO_LEARN)(fine)
    wide = keras.layers.Conv2D(32, 5, padding="same", activation="relu")(coarse)
    score = keras.layers.Conv2D(1, 1)(wide)
    distances = keras.layers.Conv2D(CHANNELS - 1, 1, activation="softplus")(wide)
    return keras.Model(inputs, keras.layers.Concatenate()([score, distances]))
