"""Settings of the network and of its training. They refuse nonsense on construction.

Neither TensorFlow nor Keras is imported here: the command line reads this file.
"""

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass

from schemas.errors import ConfigError

IMAGENET = "imagenet"
NONE = "none"
"""The values of ``ModelSettings.weights`` that are no path."""

MACRO_F1 = "macro_f1"
ACCURACY = "accuracy"
CHECKPOINT_METRICS = (MACRO_F1, ACCURACY)
"""Also the names of the metrics in the training's logs."""

CONSTANT, COSINE, PLATEAU = "constant", "cosine", "plateau"
SCHEDULES = (CONSTANT, COSINE, PLATEAU)

AUTO = "auto"
FLOAT32, BFLOAT16, FLOAT16 = "float32", "bfloat16", "float16"
PRECISIONS = (AUTO, FLOAT32, BFLOAT16, FLOAT16)
ON, OFF = "on", "off"
XLA = (AUTO, ON, OFF)
ONE, MIRRORED, MULTI_WORKER = "one", "mirrored", "multi_worker"
STRATEGIES = (AUTO, ONE, MIRRORED, MULTI_WORKER)

HEAD, LAST_BLOCK, FULL, TWO_PHASE = "head", "last_block", "full", "two_phase"
FINE_TUNING = (HEAD, LAST_BLOCK, FULL, TWO_PHASE)

CLASS_WEIGHTS, LOGIT_ADJUSTMENT, FOCAL = "class_weights", "logit_adjustment", "focal"
IMBALANCE = (NONE, CLASS_WEIGHTS, LOGIT_ADJUSTMENT, FOCAL)


def _check(holds: bool, rule: str, received: object) -> None:
    if not holds:
        raise ConfigError(f"{rule}. Received: {received!r}")


def _check_all(group: str, settings: object, rules: Iterable[tuple[bool, str]]) -> None:
    """Checks rules that begin with the name of the setting that they are about."""
    for holds, rule in rules:
        _check(holds, f"{group}.{rule}", getattr(settings, rule.split()[0]))


@dataclass(frozen=True)
class ModelSettings:
    """The network.

    Attributes:
      weights: where the backbone's weights come from: "imagenet" (Keras' store, needs the
        internet), "none" (random) or the path of a weights file that Keras can load
        (``.h5``, ``.weights.h5`` or ``.keras``; a former run's checkpoint is one).
      warm_start: go on from the last blessed model of this output folder that was trained
        on other data; where there is none, weights says what to start from.
      resolution: side of the square that the network sees, pixels.
      batch_norm_momentum: momentum of every batch norm's moving statistics, (0, 1).
        Keras' 0.99 needs some 500 steps before the statistics can be used.
    """

    weights: str = IMAGENET
    warm_start: bool = False
    resolution: int = 224
    batch_norm_momentum: float = 0.99

    def __post_init__(self) -> None:
        rules = (
            (bool(self.weights), "weights must not be empty"),
            (32 <= self.resolution <= 1024, "resolution must lie in 32..1024"),
            (0 < self.batch_norm_momentum < 1, "batch_norm_momentum must lie in (0, 1)"),
        )
        _check_all("model", self, rules)


@dataclass(frozen=True)
class TrainSettings:
    """The training.

    Attributes:
      epochs: passes over the training split at most.
      steps_per_epoch: steps after which an epoch ends; 0 is a pass over the training split.
      batch_size: examples a step, on all devices together.
      learning_rate: AdamW's, at its highest.
      schedule: of the learning rate: "cosine" (linear warm-up, then cosine annealing),
        "constant", or "plateau" (lowered when the validation loss stops falling).
      warmup_epochs: length of cosine's warm-up; a fraction is allowed, [0, epochs).
      final_rate: what cosine ends at and plateau never goes below, as a share of
        learning_rate, [0, 1].
      plateau_factor: what plateau multiplies the rate by, (0, 1).
      plateau_patience: epochs without a lower validation loss before plateau does.
      fine_tune: what is trained: "full" (all), "head" (the backbone stays as it is),
        "last_block" (the head and the backbone's last block), or "two_phase" (the head for
        head_epochs, then all).
      head_epochs: of two_phase's first phase; epochs counts both.
      full_rate: learning rate of two_phase's second phase, as a share of learning_rate,
        (0, 1].
      layer_decay: each block learns at this share of the rate of the block above it,
        (0, 1]; the head at the full rate. 1 is one rate for all.
      label_smoothing: share of each label that is spread over all moods, [0, 1).
      imbalance: what is done about rare moods: "class_weights" (an example weighs
        n / (k * count of its mood)), "logit_adjustment" (the loss knows how common each
        mood is), "focal" (what is known well counts less), or "none".
      class_weight_cap: no class weight is above this.
      logit_adjustment_tau: strength of logit_adjustment; 1 is for a balanced error.
      focal_gamma: how much less focal counts what is known well, >= 0.
      weight_decay: AdamW's, decoupled; biases and batch norms have none.
      clip_norm: gradients longer than this, all together, are shortened to it; 0 is off.
      ema_decay: share that the averaged weights keep each step, [0, 1); 0 is off. The
        averaged weights are what is validated, kept and exported.
      early_stopping_patience: epochs without a lower validation loss before it ends.
      checkpoint_metric: the best epoch is the one with the highest of this on the eval
        split, "macro_f1" or "accuracy".
      shuffle_buffer: examples that the shuffle holds, still as JPEG (10 to 30 KB each).
      seed: of initialisation, shuffling and augmentation.
      precision: of the computation: "float32", "bfloat16", "float16" (with loss scaling) or
        "auto", which tries some steps and takes the fastest that keeps the loss. The weights
        and what is exported are float32 whatever is chosen.
      xla: whether XLA compiles the step: "off", "on", or "auto", tried like the precision;
        auto never does on a CPU, where it is seven times slower. On several machines auto
        is float32 without XLA.
      strategy: "one" device, "mirrored" (all GPUs of this machine), "multi_worker" (the
        machines of TF_CONFIG), or "auto", which takes what there is.
      backup_minutes: time between backups within an epoch, which a training that was killed
        goes on from; 0 makes them between epochs only.
    """

    epochs: int = 100
    steps_per_epoch: int = 0
    batch_size: int = 64
    learning_rate: float = 1e-4
    schedule: str = COSINE
    warmup_epochs: float = 0.5
    final_rate: float = 0.01
    plateau_factor: float = 0.3
    plateau_patience: int = 2
    fine_tune: str = FULL
    head_epochs: int = 3
    full_rate: float = 0.1
    layer_decay: float = 1.0
    label_smoothing: float = 0.1
    imbalance: str = CLASS_WEIGHTS
    class_weight_cap: float = 10.0
    logit_adjustment_tau: float = 1.0
    focal_gamma: float = 2.0
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    ema_decay: float = 0.0
    early_stopping_patience: int = 5
    checkpoint_metric: str = MACRO_F1
    shuffle_buffer: int = 16384
    seed: int = 17
    precision: str = AUTO
    xla: str = AUTO
    strategy: str = AUTO
    backup_minutes: float = 5.0

    def __post_init__(self) -> None:
        finite = math.isfinite
        rules = (
            (self.epochs >= 1, "epochs must be at least 1"),
            (self.steps_per_epoch >= 0, "steps_per_epoch must be at least 0"),
            (self.batch_size >= 1, "batch_size must be at least 1"),
            (0 < self.learning_rate <= 1, "learning_rate must lie in (0, 1]"),
            (self.schedule in SCHEDULES, f"schedule must be one of {SCHEDULES}"),
            (0 <= self.warmup_epochs < self.epochs, "warmup_epochs must lie in [0, train.epochs)"),
            (0 <= self.final_rate <= 1, "final_rate must lie in [0, 1]"),
            (0 < self.plateau_factor < 1, "plateau_factor must lie in (0, 1)"),
            (self.plateau_patience >= 1, "plateau_patience must be at least 1"),
            (self.fine_tune in FINE_TUNING, f"fine_tune must be one of {FINE_TUNING}"),
            (self.head_epochs >= 1, "head_epochs must be at least 1"),
            (0 < self.full_rate <= 1, "full_rate must lie in (0, 1]"),
            (0 < self.layer_decay <= 1, "layer_decay must lie in (0, 1]"),
            (0 <= self.label_smoothing < 1, "label_smoothing must lie in [0, 1)"),
            (self.imbalance in IMBALANCE, f"imbalance must be one of {IMBALANCE}"),
            (self.class_weight_cap >= 1, "class_weight_cap must be at least 1"),
            (0 < self.logit_adjustment_tau <= 10, "logit_adjustment_tau must lie in (0, 10]"),
            (0 <= self.focal_gamma <= 10, "focal_gamma must lie in [0, 10]"),
            (0 <= self.weight_decay <= 1, "weight_decay must lie in [0, 1]"),
            (self.clip_norm >= 0 and finite(self.clip_norm), "clip_norm must be at least 0"),
            (0 <= self.ema_decay < 1, "ema_decay must lie in [0, 1)"),
            (self.early_stopping_patience >= 1, "early_stopping_patience must be at least 1"),
            (
                self.checkpoint_metric in CHECKPOINT_METRICS,
                f"checkpoint_metric must be one of {CHECKPOINT_METRICS}",
            ),
            (self.shuffle_buffer >= 1, "shuffle_buffer must be at least 1"),
            # keras.utils.set_random_seed takes no other.
            (0 <= self.seed < 2**32, "seed must lie in 0..2**32 - 1"),
            (self.precision in PRECISIONS, f"precision must be one of {PRECISIONS}"),
            (self.xla in XLA, f"xla must be one of {XLA}"),
            (self.strategy in STRATEGIES, f"strategy must be one of {STRATEGIES}"),
            (0 <= self.backup_minutes < math.inf, "backup_minutes must be at least 0"),
        )
        _check_all("train", self, rules)
        if self.fine_tune == TWO_PHASE:
            shortest = min(self.head_epochs, self.epochs - self.head_epochs)
            _check(
                self.warmup_epochs < shortest,
                "With train.fine_tune=two_phase both train.head_epochs and the epochs left after "
                "them must be more than train.warmup_epochs",
                f"epochs={self.epochs}, head_epochs={self.head_epochs}, "
                f"warmup_epochs={self.warmup_epochs}",
            )


@dataclass(frozen=True)
class AugmentSettings:
    """Random changes to the training's pictures.

    Attributes:
      strength: what zoom, stretch, the colours and erase are multiplied by, [0, 2]; 0
        switches all augmentation off, and else the view also moves at random within the
        stored surplus.
      flip: mirror half of the pictures left to right; never top to bottom.
      zoom: the view's sides are multiplied by 1 - zoom to 1 + zoom and cut at the stored
        crop, [0, 0.5]. Any zoom or stretch makes a resize of each picture necessary.
      stretch: the view's aspect ratio is multiplied by 1 / (1 + stretch) to 1 + stretch,
        [0, 1].
      brightness: pixels are multiplied by 1 - brightness to 1 + brightness, [0, 0.5].
      contrast: so is their distance from mid-grey, [0, 0.5].
      saturation: so is their distance from grey of their own lightness, [0, 0.5].
      erase: share of the pictures in which a rectangle of 2 to 20 % is blanked, [0, 0.5].
      mixup: alpha of MixUp, which blends pairs of pictures and their labels, >= 0; 0 is off.
      cutmix: alpha of CutMix, which pastes a rectangle of one picture into another, >= 0;
        0 is off. With both, each batch draws which it gets.
    """

    strength: float = 1.0
    flip: bool = True
    zoom: float = 0.0
    stretch: float = 0.0
    brightness: float = 0.1
    contrast: float = 0.1
    saturation: float = 0.1
    erase: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0

    def __post_init__(self) -> None:
        _check(0 <= self.strength <= 2, "augment.strength must lie in [0, 2]", self.strength)
        limits = {"stretch": 1.0} | dict.fromkeys(
            ("zoom", "brightness", "contrast", "saturation", "erase"), 0.5
        )
        for name, limit in limits.items():
            value = getattr(self, name)
            _check(
                value >= 0 and value * max(self.strength, 1.0) <= limit,
                f"augment.{name}, also when multiplied by augment.strength, must lie in "
                f"[0, {limit:g}]",
                value,
            )
        for name in ("mixup", "cutmix"):
            value = getattr(self, name)
            _check(0 <= value <= 10, f"augment.{name} must lie in [0, 10]", value)

    def scaled(self) -> "AugmentSettings":
        """Returns the same with ``strength`` multiplied in, which is then 1 or, for off, 0."""
        if not self.strength:
            return AugmentSettings(0, False, 0, 0, 0, 0, 0, 0, 0, 0)
        names = ("zoom", "stretch", "brightness", "contrast", "saturation", "erase")
        products = {name: getattr(self, name) * self.strength for name in names}
        return dataclasses.replace(self, strength=1.0, **products)
