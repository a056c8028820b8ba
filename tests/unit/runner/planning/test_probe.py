"""The probe ends in time, and its memory does not grow with the batch."""

import time
from pathlib import Path

import pytest

from pipeline import config
from runner.planning import probe
from runner.planning.probe import Clocks
from schemas.documents.plan import Probe
from testing.models import small_network

CSV = 'image_path,bbox,labels\nmissing.jpg,"1,2,30,40",공포\n'


def test_a_cpu_times_a_part_of_a_large_batch_and_a_gpu_all_of_it() -> None:
    sides = {(64, 224): 8, (4, 224): 4, (512, 64): 98, (16, 64): 16, (64, 1024): 1}
    for (batch, side), timed in sides.items():
        assert probe.pictures_timed(batch, side, on_gpu=False) == timed
        assert probe.pictures_timed(batch, side, on_gpu=True) == batch


def test_a_measurement_ends_with_its_time_its_number_or_the_deadline() -> None:
    now = time.monotonic()

    def steps(seconds: float, deadline: float) -> int:
        done: list[None] = []
        probe._mean(lambda: done.append(None), seconds, deadline)
        return len(done)

    assert steps(60.0, now + 60) == probe._MOST_STEPS
    assert steps(0.0, now + 60) == probe._LEAST_STEPS
    assert steps(60.0, now - 1) == 1


@pytest.mark.slow
def test_when_the_time_has_run_out_a_prediction_is_a_share_of_a_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.network.classifier.new_backbone", small_network.new_backbone)
    (tmp_path / "train.csv").write_text(CSV, "utf-8")
    settings = config.load("quick", None, ["model.resolution=32", "train.batch_size=800"])

    def measured(seconds: float) -> Probe:
        monkeypatch.setattr(probe, "_SECONDS", seconds)
        table = str(tmp_path / "train.csv")
        return probe.measure(settings, table, str(tmp_path), ("공포", "공격성"), Clocks(20.0, 10.0))

    cut, whole = measured(0.0), measured(60.0)
    assert (cut["is_cut_short"], whole["is_cut_short"]) == (True, False)
    assert cut["predict_seconds"] == pytest.approx(cut["step_seconds"] / 3)
    assert whole["predict_cpu_seconds"] < whole["step_cpu_seconds"]
    assert (whole["photos"], whole["load_cpu_seconds"]) == (0, 10.0)
    # 392 of 800 pictures were in memory; the others have 62 MiB for each 224 x 224 pixels.
    assert cut["peak_mib"] > 62 * 408 * 32**2 / 224**2
