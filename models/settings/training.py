"""Settings of the training.

Neither TensorFlow nor Keras is imported here: the command line reads this file.
"""

from typing import Literal

from pydantic import model_validator

from models.settings.training_choices import (
    AUTO,
    CLASS_WEIGHTS,
    COSINE,
    FULL,
    MACRO_F1,
    NATURAL,
    STREAM,
    TWO_PHASE,
)
from models.settings.training_length import LengthSettings
from schemas.errors import ConfigError
from schemas.settings import setting


class TrainSettings(LengthSettings):
    """The training."""

    learning_rate: float = setting(1e-4, "Peak learning rate of AdamW.", gt=0, le=1, common=True)
    schedule: Literal["constant", "cosine", "plateau"] = setting(
        COSINE,
        "Learning-rate schedule: cosine (linear warm-up, then cosine annealing to the end of the "
        "training), constant, or plateau (lowered when train.checkpoint_metric stops rising).",
    )
    warmup_epochs: float = setting(
        0.5,
        "Length of cosine's warm-up; a fraction is allowed. With train.steps or train.minutes at "
        "most a tenth of the training.",
        ge=0,
        unit="epochs",
    )
    final_rate: float = setting(
        0.01,
        "Rate at the end of cosine, and the lowest of plateau, as a share of train.learning_rate.",
        ge=0,
        le=1,
    )
    plateau_factor: float = setting(
        0.3, "Factor by which plateau lowers the learning rate.", gt=0, lt=1
    )
    plateau_patience: int = setting(
        2,
        "Epochs without a rise of train.checkpoint_metric by train.min_gain after which plateau "
        "lowers the rate.",
        ge=1,
        unit="epochs",
    )
    fine_tune: Literal["head", "last_block", "full", "two_phase"] = setting(
        FULL,
        "Part of the network that is trained: full, head (the backbone stays as it is), "
        "last_block (the head and the backbone's last block), or two_phase (the head for "
        "train.head_epochs, then all).",
        common=True,
    )
    head_epochs: int = setting(
        3, "Length of the first phase of two_phase; train.epochs counts both.", ge=1, unit="epochs"
    )
    full_rate: float = setting(
        0.1,
        "Peak learning rate of the second phase of two_phase, as a share of train.learning_rate.",
        gt=0,
        le=1,
    )
    keep_features: bool = setting(
        False,
        "Whether phases that train the head alone compute each picture's features once and train "
        "on them (5 KB each in memory), in seconds instead of minutes. The pictures are not "
        "augmented in such a phase. On several machines, and with reading=stream, it is off.",
    )
    layer_decay: float = setting(
        1.0,
        "Learning rate of each block as a share of that of the block above it; the head has the "
        "full rate. 1 is one rate for all.",
        gt=0,
        le=1,
    )
    label_smoothing: float = setting(
        0.1, "Share of each label that is spread over all moods.", ge=0, lt=1
    )
    imbalance: Literal["none", "class_weights", "logit_adjustment", "focal"] = setting(
        CLASS_WEIGHTS,
        "Treatment of rare moods: class_weights (an example weighs n / (k * count of its mood)), "
        "logit_adjustment (the loss allows for how common each mood is), focal (examples that are "
        "predicted well count less), or none.",
        common=True,
    )
    class_weight_cap: float = setting(10.0, "Largest class weight.", ge=1)
    class_weight_power: float = setting(
        1.0,
        "Power of the class weights: 1 counts all moods alike, 0.5 takes the square roots, 0 is "
        "none. The log tells the weights.",
        ge=0,
        le=1,
    )
    logit_adjustment_tau: float = setting(
        1.0, "Strength of logit_adjustment; 1 minimises the balanced error.", gt=0, le=10
    )
    focal_gamma: float = setting(
        2.0, "Strength with which focal plays down examples that are predicted well.", ge=0, le=10
    )
    weight_decay: float = setting(
        0.01, "Decoupled weight decay of AdamW; biases and batch norms have none.", ge=0, le=1
    )
    clip_norm: float = setting(
        1.0, "Largest norm of all gradients together; longer ones are shortened. 0 is off.", ge=0
    )
    ema_decay: float = setting(
        0.0,
        "Share of the averaged weights that is kept each step; 0 is off. The averaged weights, and "
        "batch norms' statistics averaged alike, are validated, kept and exported.",
        ge=0,
        lt=1,
    )
    early_stopping_patience: int = setting(
        0,
        "Epochs without a rise of train.checkpoint_metric by train.min_gain after which the "
        "training ends early: cosine first anneals for train.anneal_epochs. 0 is off.",
        ge=0,
        unit="epochs",
    )
    anneal_epochs: int = setting(
        2, "Length of the annealing with which a training ends early.", ge=1, unit="epochs"
    )
    checkpoint_metric: Literal["macro_f1", "accuracy"] = setting(
        MACRO_F1,
        "Metric on the validation split (without one, the eval split) that chooses the best epoch, "
        "and by which early stopping and plateau go.",
    )
    min_gain: float = setting(
        0.002,
        "Rise of train.checkpoint_metric that is taken for noise by early stopping and plateau; "
        "only a larger one counts.",
        ge=0,
        lt=1,
    )
    frames_per_clip: int = setting(
        0,
        "Frames of each clip in an epoch, other ones in the next; 0 is all. Frames of a clip are "
        "near copies: with AI Hub's 35 a clip, 4 make an epoch a ninth as long.",
        ge=0,
        unit="frames",
        common=True,
    )
    sampling: Literal["natural", "sqrt", "balanced"] = setting(
        NATURAL,
        "Share of each mood in an epoch: natural (as in the data), balanced (the same for all), "
        "or sqrt (as the square roots of natural's). The clips of rare moods are then drawn more "
        "often, and the class weights follow.",
        common=True,
    )
    validation_frames_per_clip: int = setting(
        0,
        "Frames of each clip in the validation after an epoch, always the same; 0 is all. The "
        "Evaluator scores all in any case.",
        ge=0,
        unit="frames",
    )
    reading: Literal["auto", "random", "stream"] = setting(
        AUTO,
        "How training examples are read: random (each from its place in the shards, in an order "
        "that mixes all clips; a bucket's shards are copied to this machine first), stream (shards "
        "in order through train.shuffle_buffer, for hard disks and buckets), or auto (stream from "
        "a bucket where nothing is sampled, else random).",
    )
    shuffle_buffer: int = setting(
        16384,
        "Examples that the shuffle of train.reading=stream holds, still as JPEG (10 to 30 KB "
        "each).",
        ge=1,
        unit="examples",
    )
    # keras.utils.set_random_seed takes no larger one.
    seed: int = setting(
        17, "Seed of the initial weights, the shuffling and the augmentation.", ge=0, le=2**32 - 1
    )
    precision: Literal["auto", "float32", "bfloat16", "float16"] = setting(
        AUTO,
        "Precision of the computation; float16 comes with loss scaling. auto compares those that "
        "the device is made for, in a minute at most, and takes the fastest whose gradient is that "
        "of float32. Weights and export are float32 in any case.",
    )
    xla: Literal["auto", "on", "off"] = setting(
        AUTO,
        "Compile the step with XLA. auto tries it like the precision, but never on a CPU, where it "
        "is seven times slower.",
    )
    steps_per_execution: int = setting(
        0,
        "Steps that a device takes between two returns to Python. 0 is 1 on a CPU and 10 on a GPU.",
        ge=0,
        le=1000,
        unit="steps",
    )
    strategy: Literal["auto", "one", "mirrored", "multi_worker"] = setting(
        AUTO,
        "Devices: one, mirrored (all GPUs of this machine), multi_worker (the machines of "
        "TF_CONFIG), or auto (whatever is available).",
    )
    backup_minutes: float = setting(
        5.0,
        "Time between backups within an epoch, from which a killed training goes on. 0 makes them "
        "between epochs only.",
        ge=0,
        unit="minutes",
    )

    @model_validator(mode="after")
    def _phases_fit(self) -> "TrainSettings":
        if self.steps or self.minutes:
            return self  # In epochs its length is not known yet.
        if self.warmup_epochs >= self.epochs:
            raise ConfigError(
                f"train.warmup_epochs must lie in [0, train.epochs). Received: "
                f"{self.warmup_epochs} and train.epochs={self.epochs}"
            )
        shortest = min(self.head_epochs, self.epochs - self.head_epochs)
        if self.fine_tune == TWO_PHASE and self.warmup_epochs >= shortest:
            raise ConfigError(
                "With train.fine_tune=two_phase both train.head_epochs and the epochs left after "
                "them must be more than train.warmup_epochs. Received: "
                f"epochs={self.epochs}, head_epochs={self.head_epochs}, "
                f"warmup_epochs={self.warmup_epochs}"
            )
        return self

    @model_validator(mode="after")
    def _can_be_sampled(self) -> "TrainSettings":
        if self.is_sampled and self.reading == STREAM:
            raise ConfigError(
                "train.frames_per_clip and train.sampling need train.reading=auto or random. "
                f"Received: reading={self.reading}, frames_per_clip={self.frames_per_clip}, "
                f"sampling={self.sampling}"
            )
        return self

    @property
    def is_sampled(self) -> bool:
        """Whether an epoch is other than each example once."""
        return self.frames_per_clip > 0 or self.sampling != NATURAL
