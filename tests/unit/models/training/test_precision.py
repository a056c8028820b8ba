"""Selection of the step config: which configs are tried, and which is taken."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from models.settings.training import TrainSettings
from models.training import precision
from models.training.precision import ALL_CONFIGS, candidates, fastest, select_precision
from models.training.precision_measurement import Measurement
from models.training.step_config import StepConfig
from schemas import artifacts
from testing.models.precision_results import HALF, HALF_XLA, PLAIN, measured


def taken(*measurements: Measurement) -> StepConfig:
    return fastest([each.config for each in measurements], lambda _: list(measurements))[0]


def test_the_fastest_that_did_not_fail_is_taken() -> None:
    slow, quick, middle = measured(PLAIN, 0.3), measured(HALF, 0.1), measured(HALF_XLA, 0.2)
    assert taken(slow, quick, middle) == HALF
    assert taken(slow, measured(HALF, 0.1, "wrong"), middle) == HALF_XLA
    assert taken(slow, measured(HALF, 0.4)) == PLAIN


def test_without_a_measurement_to_compare_with_the_first_is_taken() -> None:
    assert taken(measured(PLAIN, 0.3, "given up after 25 s"), measured(HALF, 0.1)) == PLAIN


def test_nothing_is_tried_if_there_is_no_choice() -> None:
    config, measurements = fastest([HALF], lambda configs: pytest.fail("tried"))
    assert (config, measurements) == (HALF, [])


def devices(monkeypatch: pytest.MonkeyPatch, *capabilities: tuple[int, int] | None) -> None:
    """Gives this machine GPUs of these compute capabilities."""
    config = precision.tf.config
    monkeypatch.setattr(config, "list_physical_devices", lambda kind: list(capabilities))
    monkeypatch.setattr(
        config.experimental,
        "get_device_details",
        lambda gpu: {"compute_capability": gpu} if gpu else {},
    )


def test_on_a_cpu_bfloat16_needs_its_instructions_and_xla_is_no_candidate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    devices(monkeypatch)
    monkeypatch.setattr(precision, "_cpu_flags", lambda: {"avx2", "fma"})
    assert candidates(TrainSettings()) == [PLAIN]
    monkeypatch.setattr(precision, "_cpu_flags", lambda: {"avx2", "amx_bf16"})
    assert candidates(TrainSettings()) == [PLAIN, StepConfig("bfloat16", False)]
    assert candidates(TrainSettings(precision="float16", xla="on")) == [HALF_XLA]


@pytest.mark.parametrize(
    ("capability", "halves"),
    [
        ((9, 0), ["bfloat16"]),
        ((8, 0), ["bfloat16"]),
        ((7, 5), ["float16"]),
        ((7, 0), ["float16"]),
        ((6, 1), []),
        (None, ["bfloat16", "float16"]),
    ],
)
def test_on_a_gpu_the_half_precision_is_that_of_its_tensor_cores(
    capability: tuple[int, int] | None, halves: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    devices(monkeypatch, capability)
    found = candidates(TrainSettings(xla="off"))
    assert found == [StepConfig(name, False) for name in ("float32", *halves)]
    # With XLA, which takes long to compile, the likeliest is tried first.
    found = candidates(TrainSettings())[1 + len(halves) :]
    assert found == [StepConfig(name, True) for name in (*reversed(halves), "float32")]


def test_a_training_that_goes_on_keeps_its_config_and_the_measurements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "candidates", lambda settings: [PLAIN, HALF])

    def trials(configs: Sequence[StepConfig]) -> list[Measurement]:
        nan = float("nan")
        return [measured(PLAIN, 0.1), Measurement(HALF, nan, nan, nan, "no such kernel")]

    folders = [str(tmp_path / name) for name in ("backup_dir", "run", "run again")]
    assert select_precision(TrainSettings(), trials, folders[0], folders[1]) == PLAIN
    again = select_precision(
        TrainSettings(), lambda configs: pytest.fail("tried"), folders[0], folders[2]
    )
    assert again == PLAIN
    for folder in folders:
        document = json.loads((Path(folder) / artifacts.PRECISION_JSON).read_text("utf-8"))
        assert document["taken"] == {"precision": "float32", "xla": False}
        assert [trial["loss"] for trial in document["trials"]] == [1.8, None]
        assert document["trials"][1]["failure"] == "no such kernel"


def test_several_machines_take_the_chiefs_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "candidates", lambda settings: [PLAIN, HALF])
    said: list[float] = []

    def from_chief(number: float) -> float:
        said.append(number)
        return said[0]

    def fast_half(configs: Sequence[StepConfig]) -> list[Measurement]:
        return [measured(PLAIN, 0.3), measured(HALF, 0.1)]

    chief, other = str(tmp_path / "chief"), str(tmp_path / "other")
    assert select_precision(TrainSettings(), fast_half, chief, chief, agree=from_chief) == HALF
    found = select_precision(
        TrainSettings(),
        lambda configs: pytest.fail("tried"),
        other,
        other,
        is_chief=False,
        agree=from_chief,
    )
    assert found == HALF and len(set(ALL_CONFIGS)) == 6
