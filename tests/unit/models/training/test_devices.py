"""Several devices and several machines train what one device trains."""

import json
import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from models.settings.training import TrainSettings
from models.training import curves, devices
from schemas import artifacts
from schemas.errors import ConfigError
from testing.models import machines, samples

pytestmark = pytest.mark.slow

CHANGES = {
    **{"learning_rate": 0.05, "clip_norm": 0.05, "ema_decay": 0.5, "warmup_epochs": 0.0},
    "precision": "float32",
}
"""Every step is clipped, so that the results depend on what is clipped. With "auto" the precision
would depend on the clock, and might differ from run to run."""


def arguments(folder: Path, name: str, strategy: str, transform_graph: str) -> dict[str, Any]:
    """Returns the arguments of TFX for ``run_fn``."""
    train = samples.CONFIG["train"] | CHANGES | {"strategy": strategy}
    return {
        "train_files": [str(folder / "Split-train" / "*")],
        "eval_files": [str(folder / "Split-eval" / "*")],
        "transform_graph_path": transform_graph,
        "base_model": None,
        "hyperparameters": None,
        "model_run_dir": str(folder / name / "model_run" / "5"),
        "serving_model_dir": str(folder / name / "model" / "5" / "Format-Serving"),
        "custom_config": samples.CONFIG
        | {"train": train, "backup_dir": str(folder / name / "backup_dir")},
    }


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, transform_graph: str) -> Path:
    """The folder with the runs "one", "mirrored" and, of both workers, "machines"."""
    folder = tmp_path_factory.mktemp("devices")
    samples.write_split(folder / "Split-train", 20, seed=0)
    # The last batch is of a single row: one of two devices has nothing to evaluate.
    samples.write_split(folder / "Split-eval", 9, seed=100)
    here = [arguments(folder, name, name, transform_graph) for name in ("one", "mirrored")]
    there = arguments(folder, "machines", "auto", transform_graph)
    processes = [machines.started(folder, "here", {"logical_devices": 2, "runs": here})]
    processes += machines.two_started(folder, {"logical_devices": 1, "runs": [there]})
    machines.wait(processes)
    return folder


def curves_of(runs: Path, name: str) -> list[dict[str, float]]:
    rows = curves.read(str(runs / name / "model_run" / "5"))
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def weights_of(runs: Path, name: str) -> list[np.ndarray]:
    path = runs / name / "model_run" / "5" / artifacts.CHECKPOINT_KERAS
    return list(keras.models.load_model(path).get_weights())


@pytest.mark.parametrize("several", ["mirrored", "machines"])
def test_several_devices_train_what_one_trains(runs: Path, several: str) -> None:
    rows = curves_of(runs, "one")
    assert len(rows) == 2 and rows[0]["loss"] != rows[1]["loss"]
    assert curves_of(runs, several) == [pytest.approx(row, rel=1e-4) for row in rows]
    for one, other in zip(weights_of(runs, "one"), weights_of(runs, several), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_of_several_machines_one_writes_and_it_writes_all_that_a_single_one_does(
    runs: Path,
) -> None:
    def written(name: str) -> list[str]:
        paths = sorted(path.relative_to(runs / name) for path in (runs / name).rglob("*"))
        return [str(path) for path in paths]

    def kinds(name: str) -> list[str]:
        # TensorBoard's files have the time and the host in their names, and the folder of the
        # backups the settings' hash.
        paths = [path for path in written(name) if "events.out" not in path]
        return [re.sub("training-[0-9a-f]{16}", "training-KEY", path) for path in paths]

    assert kinds("machines") == kinds("one")
    events = [path for path in written("machines") if "events.out" in path]
    assert len(events) == 2  # Of the training and the validation, by one process.


def test_no_batch_is_divided_unevenly_and_nothing_is_mirrored_on_one_device() -> None:
    with pytest.raises(ConfigError, match=r"needs two GPUs or more\. Received: 1 device"):
        devices.strategy_for(TrainSettings(strategy="mirrored"))
    assert devices.strategy_for(TrainSettings(batch_size=7)).num_replicas_in_sync == 1


def test_a_batch_that_cannot_be_divided_is_refused_with_the_next_ones_that_can() -> None:
    with pytest.raises(ConfigError, match=r"Received: 64\. Take 63 or 66, or train\.device_batch"):
        devices.check_batch(TrainSettings(), 3)
    devices.check_batch(TrainSettings(), 4)
    devices.check_batch(TrainSettings(device_batch_size=32), 3)


def test_a_batch_for_each_device_scales_the_rate_by_the_square_root(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    settings = TrainSettings(batch_size=64, device_batch_size=128, learning_rate=1e-4)
    scaled = devices.with_device_batches(settings, 8)
    assert (scaled.batch_size, scaled.learning_rate) == (1024, pytest.approx(4e-4))
    assert devices.with_device_batches(scaled, 8) == scaled
    assert "8 devices with 128 examples each, 1024 in all" in caplog.text
    assert "square root of the ratio the rate is 0.0004" in caplog.text
    assert devices.with_device_batches(TrainSettings(), 8) == TrainSettings()
    assert "8 devices with 8 examples each" in caplog.text


def test_devices_are_checked_before_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert devices.check_before_run(TrainSettings()) == "CPU"
    with pytest.raises(ConfigError, match="needs two GPUs or more"):
        devices.check_before_run(TrainSettings(strategy="mirrored"))
    monkeypatch.setattr(devices.gpus_of_machine, "count", lambda: 2)
    assert "and TensorFlow sees none" in devices.check_before_run(TrainSettings())
    config = devices.tf.config
    monkeypatch.setattr(config, "list_physical_devices", lambda kind: ["a", "b", "c"])
    monkeypatch.setattr(config.experimental, "get_device_details", lambda _: {"device_name": "H"})
    assert devices.check_before_run(TrainSettings(batch_size=63)) == "H, H, H"
    assert devices.check_before_run(TrainSettings(strategy="one")) == "H, H, H"
    with pytest.raises(ConfigError, match=r"multiple of their number\. Received: 64"):
        devices.check_before_run(TrainSettings())


def test_a_training_that_was_given_gpus_must_see_them(monkeypatch: pytest.MonkeyPatch) -> None:
    devices.check_gpus(0)
    with pytest.raises(ConfigError, match=r"given 1 GPUs .*Received: 0 .*--target gpu"):
        devices.check_gpus(1)
    monkeypatch.setattr(devices.tf.config, "list_physical_devices", lambda kind: ["a"])
    devices.check_gpus(1)
    with pytest.raises(ConfigError, match="Received: 1 that TensorFlow sees"):
        devices.check_gpus(2)


def test_several_machines_must_be_in_tf_config_and_must_not_come_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(ConfigError, match=r"needs the environment variable TF_CONFIG.*None"):
        devices.strategy_for(TrainSettings(strategy="multi_worker"))
    keras.ops.ones([1])  # TensorFlow has computed something.
    cluster = {"worker": ["localhost:1", "localhost:2"]}
    task = {"type": "worker", "index": 0}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": task}))
    with pytest.raises(
        ConfigError, match=r"must be the first node of its process.*Unset TF_CONFIG"
    ):
        devices.strategy_for(TrainSettings())
