"""Progress reports, and the stop at a loss that is NaN or infinite."""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest

from models.training import callbacks
from models.training.length import Length
from system import progress


class Collector(logging.Handler):
    """Keeps the progress reports."""

    def __init__(self) -> None:
        super().__init__()
        self.reports: list[progress.Progress] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.reports.append(record.progress)  # type: ignore[attr-defined]


@pytest.fixture
def collector() -> Iterator[Collector]:
    handler, level = Collector(), progress.LOGGER.level
    progress.LOGGER.addHandler(handler)
    progress.LOGGER.setLevel(logging.INFO)
    yield handler
    progress.LOGGER.removeHandler(handler)
    progress.LOGGER.setLevel(level)


def one_layer(loss: str = "mse") -> keras.Model:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), loss=loss, jit_compile=False)
    return model


def test_every_step_is_reported_once_and_the_note_says_where_it_is(collector: Collector) -> None:
    data, epochs, steps = np.zeros((20, 1)), 3, 5
    reporter = callbacks.ReportProgress(Length(steps, epochs * steps))
    one_layer().fit(data, data, batch_size=4, epochs=epochs, verbose=0, callbacks=[reporter])
    assert {(each.task, each.total, each.unit) for each in collector.reports} == {
        ("train", 15, "steps")
    }
    assert sum(each.advance for each in collector.reports) == 15
    assert collector.reports[0].note.startswith("epoch 1/3 loss 0.000")
    assert collector.reports[-1].note.startswith("epoch 3/3 loss 0.000")


def test_reports_come_no_oftener_than_twice_a_second(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(callbacks.time, "monotonic", lambda: clock[0])
    reporter = callbacks.ReportProgress(Length(8, 8), batch_size=16, device="CPU, float32")
    reporter.on_epoch_begin(0)
    for step in range(8):  # A step takes 0.2 s: reports after steps 0, 3 and 6.
        reporter.on_train_batch_end(step, {"loss": 1.0})
        clock[0] += 0.2
    assert [each.advance for each in collector.reports] == [1, 3, 3]
    reporter.on_epoch_end(0, {"loss": 0.25, "val_macro_f1": 0.5})
    assert collector.reports[-1].advance == 1
    # Between the reports after steps 0 and 6: 6 steps of 16 pictures in 1.2 s.
    assert collector.reports[-1].note == (
        "epoch 1/1 loss 0.250 val macro-F1 0.500, 80 images/s on CPU, float32"
    )
    assert reporter.images_per_second == [pytest.approx(80)]


def test_the_length_may_become_known_while_the_training_runs(collector: Collector) -> None:
    length = Length(4, None)
    reporter = callbacks.ReportProgress(length)
    reporter.on_epoch_begin(0)
    reporter.on_train_batch_end(3, {"loss": 1.0})  # Four steps in one execution.
    length.steps = 10
    reporter.on_epoch_end(0, {"loss": 1.0})
    first, last = collector.reports
    assert (first.advance, first.total) == (4, 0) and first.note.startswith("epoch 1 loss")
    assert (last.advance, last.total) == (0, 10) and last.note.startswith("epoch 1/3 loss")


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "model_run" / "17"
    folder.mkdir(parents=True)
    return folder


def diverge(run_dir: Path) -> str:
    """Trains on data with a NaN and returns the error's text."""
    data = np.ones((8, 1))
    data[5] = np.nan
    stop = callbacks.StopOnNan(str(run_dir / "best.keras"), str(run_dir))
    with pytest.raises(callbacks.TrainingDivergedError) as caught:
        one_layer().fit(data, data, batch_size=2, shuffle=False, verbose=0, callbacks=[stop])
    return str(caught.value)


def test_a_nan_loss_stops_the_training_with_advice(run_dir: Path) -> None:
    message = diverge(run_dir)
    assert "Received: nan in " in message
    assert "Lower train.learning_rate (the rate is 0.1)" in message
    assert "there are no good weights to keep" in message


def test_no_step_waits_for_its_figures() -> None:
    class Figure:
        """A tensor that must not be read."""

        def __array__(self, *_: object) -> np.ndarray:
            raise AssertionError("read")

    seen = []

    class Reader(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: callbacks.Logs = None) -> None:
            seen.append((batch, logs))

    figures = {"loss": Figure()}
    callbacks.LazyCallbackList([Reader()], model=one_layer()).on_train_batch_end(7, figures)
    assert seen == [(7, figures)]


def test_the_loss_is_looked_at_twice_a_second_and_after_each_epoch(
    monkeypatch: pytest.MonkeyPatch, run_dir: Path
) -> None:
    clock = [100.0]
    monkeypatch.setattr(callbacks.time, "monotonic", lambda: clock[0])
    stop = callbacks.StopOnNan(str(run_dir / "best.keras"), str(run_dir))
    stop.set_model(one_layer())
    stop.on_train_batch_end(0, {"loss": 1.0})
    clock[0] += 0.4
    stop.on_train_batch_end(1, {"loss": np.nan})  # Not looked at.
    with pytest.raises(callbacks.TrainingDivergedError, match="in epoch 1"):
        stop.on_epoch_end(0, {"loss": np.nan})
    clock[0] += 0.6
    with pytest.raises(callbacks.TrainingDivergedError, match="in batch 2 of the epoch"):
        stop.on_train_batch_end(2, {"loss": np.inf})


def test_the_best_weights_outlive_the_nodes_output_and_the_error_names_them(run_dir: Path) -> None:
    (run_dir / "best.keras").write_bytes(b"the best epoch")
    message = diverge(run_dir)
    kept = run_dir.parents[1] / "last_good" / "run_17" / "best.keras"
    assert f"model.weights={kept} " in message
    shutil.rmtree(run_dir)  # As TFX does.
    assert kept.read_bytes() == b"the best epoch"
