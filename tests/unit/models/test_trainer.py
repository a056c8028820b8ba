"""``run_fn`` from the shards to the servable."""

import csv
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from models import trainer
from models.inputs.input_pipeline import evaluation_batches, shard_files
from models.inputs.label_index import LabelIndexer
from models.inputs.records import ordered
from models.settings.training import TrainSettings
from models.trainer_config import TrainerConfig
from models.training import training_run
from models.training.backup import Backups
from models.training.data import Data
from schemas import artifacts, signatures
from schemas.errors import ConfigError
from testing.models import samples

SIDE, MOODS = samples.SIDE, samples.MOODS


def test_the_curves_have_a_row_an_epoch(trained: SimpleNamespace) -> None:
    with (Path(trained.model_run_dir) / artifacts.CURVES_CSV).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["0", "1"]
    names = {"loss", "accuracy", "macro_f1", "val_loss", "val_accuracy", "val_macro_f1"}
    assert names <= set(rows[0])


def test_what_is_exported_is_the_best_checkpoint(
    trained: SimpleNamespace, indexer: LabelIndexer
) -> None:
    best = keras.models.load_model(Path(trained.model_run_dir) / artifacts.CHECKPOINT_KERAS)
    files = shard_files(trained.eval_files)
    batches = evaluation_batches(ordered(files), indexer, 4, resolution=SIDE, batch_size=16)
    ((pixels, _),) = batches
    expected = best(pixels, training=False)
    records = list(tf.data.TFRecordDataset(files).as_numpy_iterator())
    servable: Any = tf.saved_model.load(trained.serving_model_dir)
    outputs = servable.signatures[signatures.SERVE_EXAMPLE](examples=tf.constant(records))
    np.testing.assert_allclose(outputs[signatures.PROBABILITIES], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_nothing_is_trained_on_labels_outside_the_map(
    fn_args: SimpleNamespace, tmp_path: Path
) -> None:
    record = samples.example(samples.jpeg(samples.plain(1)), "졸림")
    wrong = dict(vars(fn_args), eval_files=[samples.write_shard(tmp_path / "0", [record])])
    with pytest.raises(ConfigError, match="label map"):
        trainer.run_fn(SimpleNamespace(**wrong))


def test_an_unknown_setting_is_an_error() -> None:
    with pytest.raises(ConfigError, match="learning_rat"):
        TrainerConfig.from_json(samples.CONFIG | {"train": {"learning_rat": 1}})


@pytest.mark.slow
def test_steps_weights_and_validation_follow_the_sampling(
    fn_args: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Twelve clips of two frames, each mood three clips; k = 1 makes epochs of twelve examples.
    pattern = samples.write_clips(tmp_path / "Split-train", clips=12)
    settings = TrainSettings(
        frames_per_clip=1,
        sampling="balanced",
        validation_frames_per_clip=1,
        batch_size=5,
        precision="float32",
        xla="off",
    )
    changes = {"train": settings.model_dump(), "backup_dir": str(tmp_path / "backups")}
    config = TrainerConfig.from_json(samples.CONFIG | changes)
    files = SimpleNamespace(**vars(fn_args) | {"train_files": [pattern], "eval_files": [pattern]})
    data = Data.from_fn_args(files, num_classes=4)
    assert data.train_counts == [6, 6, 6, 6]
    given = {}

    def fit(model: Any, training: Any, validation: Any, *_: Any, **options: Any) -> None:
        given.update(options, training=training, validation=validation)

    monkeypatch.setattr(training_run, "_build", lambda *_: None)
    monkeypatch.setattr(training_run.fitting, "fit", fit)
    backups = Backups(config.backup_dir, "key")
    training_run.train(
        config,
        data,
        None,
        str(tmp_path / "run"),
        backups,
        str(tmp_path),
        tf.distribute.get_strategy(),
    )
    assert given["steps_per_epoch"] == 3  # 12 / 5, rounded up.
    labels = np.concatenate([labels for _, labels, _ in given["training"](0).take(12)])
    # Sixty positions are five epochs; three examples of each mood in each.
    assert labels.sum(axis=0).tolist() == [15, 15, 15, 15]
    weights = np.concatenate([weights for *_, weights in given["training"](2).take(1)])
    assert weights.tolist() == [1.0] * 5  # Balanced already.
    assert sum(len(pixels) for pixels, _ in given["validation"]) == 12
