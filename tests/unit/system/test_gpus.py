"""Which GPUs this machine has, and why TensorFlow sees none of them."""

from pathlib import Path

import pytest

from system import gpus


def why(
    environment: dict[str, str] | None = None, *, built: bool = True, libraries: bool = True
) -> str:
    return gpus.why_unseen(built, environment or {}, 2, libraries)


def test_without_a_gpu_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert gpus.count(tmp_path / "no driver", tmp_path) == 0
    assert gpus.why_unseen(True, {}, 0, False) == ""


def test_gpus_are_counted_by_their_device_files_and_else_by_the_driver(tmp_path: Path) -> None:
    driver, devices = tmp_path / "gpus", tmp_path / "dev"
    for name in ("0000:01:00.0", "0000:02:00.0", "0000:03:00.0"):
        (driver / name).mkdir(parents=True)
    devices.mkdir()
    assert gpus.count(driver, devices) == 3
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm"):
        (devices / name).touch()
    assert gpus.count(driver, devices) == 2  # The container was given two of them.


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_each_cause_has_its_remedy(hidden: str) -> None:
    assert "hides them. Unset it" in why({"CUDA_VISIBLE_DEVICES": hidden})
    assert "was built without CUDA" in why({"CUDA_VISIBLE_DEVICES": "0"}, built=False)
    assert "uv run --extra gpu" in why(libraries=False)
    assert why().startswith("This machine has 2 NVIDIA GPUs, and TensorFlow sees none, although")
