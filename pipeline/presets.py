"""Presets: edits of the default settings, never copies."""

_AT_64_PIXELS = {"model.weights": "none", "model.resolution": 64, "model.batch_norm_momentum": 0.9}
"""Random weights learn in minutes on a CPU."""

PRESETS: dict[str, dict[str, object]] = {
    "default": {},
    "clips": {
        "train.frames_per_clip": 4,
        "train.validation_frames_per_clip": 4,
        # A small share of such a training; see docs/decisions/0039-locator.md.
        "locate.enabled": True,
    },
    "photos": {
        "train.batch_size": 32,
        "train.learning_rate": 5e-4,
        "train.weight_decay": 0.05,
        "train.warmup_epochs": 1.0,
        "train.imbalance": "none",
        "augment.zoom": 0.2,
        "augment.stretch": 0.33,
        "augment.brightness": 0.2,
        "augment.contrast": 0.2,
        "augment.saturation": 0.2,
    },
    "gpu": {
        "model.head_dropout": 0.2,
        # The rate is that of batch_size; with 256 on each device it is twice as much on one.
        "train.batch_size": 64,
        "train.device_batch_size": 256,
        "train.learning_rate": 1.5e-4,
        "train.weight_decay": 0.05,
        "train.ema_decay": 0.99,
        # A longer training sees each picture so often that it would know it by heart.
        "augment.zoom": 0.3,
        "augment.stretch": 0.3,
        "augment.brightness": 0.3,
        "augment.contrast": 0.3,
        "augment.saturation": 0.3,
        "augment.erase": 0.25,
        "augment.mixup": 0.2,
        "locate.enabled": True,
    },
    "sample": {
        **_AT_64_PIXELS,
        # Some 350 steps in all: falling rates, smoothing and jitter pay in longer trainings.
        "train.epochs": 11,
        "train.batch_size": 16,
        "train.learning_rate": 1e-3,
        "train.schedule": "constant",
        "train.label_smoothing": 0.0,
        "train.weight_decay": 0.0,
        "train.clip_norm": 0.0,
        "augment.brightness": 0.0,
        "augment.contrast": 0.0,
        "augment.saturation": 0.0,
        # From the trained network's weights; see models.locator. Drawn heads are large and simple.
        "locate.resolution": 64,
        "locate.stages": 3,
        "locate.frames_per_clip": 4,
        "locate.judged_side": 384,
        "locate.epochs": 1,
        "locate.min_steps": 1000,
        "locate.learning_rate": 4e-3,
        # Cut-outs beside a drawn head show the body.
        "locate.min_score": 0.5,
    },
    "quick": {
        **_AT_64_PIXELS,
        "train.epochs": 1,
        "train.batch_size": 32,
        "train.learning_rate": 1e-3,
    },
}
"""Values by a setting's name. default: ImageNet weights at 224 pixels. clips: the same for videos
with many frames each, such as AI Hub's: epochs of four frames a clip, and a locator. photos: for
some thousand photos without clips, by docs/decisions/0034-recipe.md. gpu: large batches, strong
augmentation and a locator, because a GPU has time for long trainings; not run on one yet. sample:
the drawn sample in minutes on a CPU. quick: one epoch from random weights at 64 pixels, a smoke
test of the user's own data."""
