"""Settings of the network and of its training. They refuse nonsense on construction.

Neither TensorFlow nor Keras is imported here: the command line reads this file.
"""

from dataclasses import dataclass

from schemas.errors import ConfigError

IMAGENET = "imagenet"
NONE = "none"
"""The values of ``ModelSettings.weights`` that are no path."""

MACRO_F1 = "macro_f1"
ACCURACY = "accuracy"
CHECKPOINT_METRICS = (MACRO_F1, ACCURACY)
"""Also the names of the metrics in the training's logs."""


def _check(holds: bool, rule: str, received: object) -> None:
    if not holds:
        raise ConfigError(f"{rule}. Received: {received!r}")


@dataclass(frozen=True)
class ModelSettings:
    """The network.

    Attributes:
      weights: where the backbone's weights come from: "imagenet" (Keras' store, needs the
        internet), "none" (random) or the path of a weights file that Keras can load
        (``.h5``, ``.weights.h5`` or ``.keras``; a former run's checkpoint is one).
      resolution: side of the square that the network sees, pixels.
      batch_norm_momentum: momentum of every batch norm's moving statistics, (0, 1).
        Keras' 0.99 needs some 500 steps before the statistics can be used.
    """

    weights: str = IMAGENET
    resolution: int = 224
    batch_norm_momentum: float = 0.99

    def __post_init__(self) -> None:
        _check(bool(self.weights), "model.weights must not be empty", self.weights)
        _check(
            32 <= self.resolution <= 1024, "model.resolution must lie in 32..1024", self.resolution
        )
        _check(
            0 < self.batch_norm_momentum < 1,
            "model.batch_norm_momentum must lie in (0, 1)",
            self.batch_norm_momentum,
        )


@dataclass(frozen=True)
class TrainSettings:
    """The training.

    Attributes:
      epochs: passes over the training split at most.
      batch_size: examples a step.
      learning_rate: Adam's.
      class_weights: weigh each example by n / (k * count of its mood) in the training split.
      early_stopping_patience: epochs without a lower validation loss before it ends.
      checkpoint_metric: the best epoch is the one with the highest of this on the eval
        split, "macro_f1" or "accuracy".
      augment: random crops inside the stored surplus and horizontal flips.
      shuffle_buffer: examples that the shuffle holds, still as JPEG (10 to 30 KB each).
      seed: of initialisation, shuffling and augmentation.
    """

    epochs: int = 100
    batch_size: int = 64
    learning_rate: float = 1e-4
    class_weights: bool = True
    early_stopping_patience: int = 5
    checkpoint_metric: str = MACRO_F1
    augment: bool = True
    shuffle_buffer: int = 16384
    seed: int = 17

    def __post_init__(self) -> None:
        _check(self.epochs >= 1, "train.epochs must be at least 1", self.epochs)
        _check(self.batch_size >= 1, "train.batch_size must be at least 1", self.batch_size)
        _check(
            0 < self.learning_rate <= 1,
            "train.learning_rate must lie in (0, 1]",
            self.learning_rate,
        )
        _check(
            self.early_stopping_patience >= 1,
            "train.early_stopping_patience must be at least 1",
            self.early_stopping_patience,
        )
        _check(
            self.checkpoint_metric in CHECKPOINT_METRICS,
            f"train.checkpoint_metric must be one of {CHECKPOINT_METRICS}",
            self.checkpoint_metric,
        )
        _check(
            self.shuffle_buffer >= 1,
            "train.shuffle_buffer must be at least 1",
            self.shuffle_buffer,
        )
        # keras.utils.set_random_seed takes no other.
        _check(0 <= self.seed < 2**32, "train.seed must lie in 0..2**32 - 1", self.seed)
