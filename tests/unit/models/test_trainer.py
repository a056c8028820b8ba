"""The training: what is measured, which epoch is kept, and the whole way through ``run_fn``."""

import csv
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import model_samples as samples
import numpy as np
import pytest
import tensorflow as tf

from models import trainer
from models.hparams import TrainSettings
from models.input_pipeline import evaluation_batches, shard_files
from models.label_index import LabelIndexer
from schemas import artifacts, signatures
from schemas.errors import ConfigError

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
    batches = evaluation_batches(files, indexer, 4, resolution=SIDE, batch_size=16)
    ((pixels, _),) = batches
    expected = best(pixels, training=False)
    records = list(tf.data.TFRecordDataset(files).as_numpy_iterator())
    servable: Any = tf.saved_model.load(trained.serving_model_dir)
    answer = servable.signatures[signatures.SERVE_EXAMPLE](examples=tf.constant(records))
    np.testing.assert_allclose(answer[signatures.PROBABILITIES], expected, rtol=1e-4, atol=1e-6)


def test_nothing_is_trained_on_labels_outside_the_map(
    fn_args: SimpleNamespace, tmp_path: Path
) -> None:
    record = samples.example(samples.jpeg(samples.plain(1)), "졸림")
    wrong = dict(vars(fn_args), eval_files=[samples.write_shard(tmp_path / "0", [record])])
    with pytest.raises(ConfigError, match="label map"):
        trainer.run_fn(SimpleNamespace(**wrong))


def test_an_unknown_setting_is_an_error() -> None:
    with pytest.raises(TypeError, match="learning_rat"):
        trainer.TrainerConfig.from_json(samples.CONFIG | {"train": {"learning_rat": 1}})


def fixed_answers(answers: list[list[float]]) -> keras.Model:
    """Returns a network that answers example i, given as i, with ``answers[i]``."""
    model = keras.Sequential(
        [
            keras.Input((1,), dtype="int32"),
            keras.layers.Embedding(len(answers), len(answers[0])),
            keras.layers.Flatten(),
        ]
    )
    model.layers[0].set_weights([np.float32(answers)])
    return model


def test_macro_f1_is_over_all_moods_and_ignores_the_class_weights() -> None:
    # Truth: 0 0 0 1 2; answers: 0 0 1 1 0. The map has a fourth mood that is never seen.
    likely = [[0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1]]
    model = fixed_answers([likely[0], likely[0], likely[1], likely[1], likely[0]])
    trainer.compile_for(model, TrainSettings())
    truth = np.eye(4)[[0, 0, 0, 1, 2]]
    weights = np.array([1.0, 1.0, 1.0, 50.0, 100.0])
    numbers = np.arange(5)[:, np.newaxis]
    measured = model.evaluate(numbers, truth, sample_weight=weights, verbose=0, return_dict=True)
    # F1 of mood 0: 2 * 2 / (3 answered + 3 true); of 1: 2 * 1 / (2 + 1); of 2 and 3: 0.
    assert measured["macro_f1"] == pytest.approx((4 / 6 + 2 / 3) / 4, abs=1e-6)
    assert measured["accuracy"] == pytest.approx(3 / 5)
    # The loss is weighted: -log(0.7) where right, -log(0.1) where wrong, over 5 examples.
    right, wrong = -np.log(0.7), -np.log(0.1)
    expected = (2 * right + wrong + 50 * right + 100 * wrong) / 5
    assert measured["loss"] == pytest.approx(expected, rel=1e-5)


def test_training_ends_early_and_leaves_the_best_epoch(tmp_path: Path) -> None:
    # Training pulls towards mood 0, and the truth of the validation is mood 1: each epoch is
    # worse than the one before. Adam moves each logit by the rate, so the lead of mood 1 falls
    # from 1.5 to 0.7 after the first step, then below 0.
    model = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(2, activation="softmax", use_bias=False)]
    )
    model.layers[0].set_weights([np.float32([[0.0, 1.5]])])
    settings = TrainSettings(
        epochs=10, learning_rate=0.4, early_stopping_patience=2, checkpoint_metric="accuracy"
    )
    trainer.compile_for(model, settings)
    ones = tf.ones([4, 1])
    trainer.fit(
        model,
        tf.data.Dataset.from_tensors((ones, tf.one_hot([0] * 4, 2), tf.ones([4]))).repeat(),
        tf.data.Dataset.from_tensors((ones, tf.one_hot([1] * 4, 2))),
        settings,
        steps_per_epoch=1,
        run_dir=str(tmp_path),
    )
    rows = (tmp_path / artifacts.CURVES_CSV).read_text().splitlines()
    assert len(rows) == 1 + 3  # The best, and two that were no better.
    kernel = model.layers[0].get_weights()[0]
    assert kernel[0, 1] - kernel[0, 0] == pytest.approx(0.7, abs=1e-3)
