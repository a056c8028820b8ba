"""Requirements of a run on its machine, the lock on its folder, and its signals."""

import os
import shutil
import signal
import sys
import time
from collections import namedtuple
from importlib import metadata
from pathlib import Path

import pytest

from runner import environment
from runner.interrupts import StopRequest, signals_as_interrupts, signals_ignored
from schemas.errors import ConfigError

Usage = namedtuple("Usage", "total used free")


def test_this_environment_is_a_supported_pair() -> None:
    environment.check_versions()


@pytest.mark.parametrize(
    ("python", "tfx", "message"),
    [
        ((3, 9), "1.16.0", "Python must be 3.10 to 3.13. Received: 3.9"),
        ((3, 14), "1.21.0", "Python must be 3.10 to 3.13. Received: 3.14"),
        ((3, 10), "1.21.0", "Python 3.10 goes with TFX 1.16. Received: 1.21.0"),
        ((3, 12), "1.16.0", "Python 3.12 goes with TFX 1.21. Received: 1.16.0"),
        ((3, 12), "1.2.1", "Python 3.12 goes with TFX 1.21. Received: 1.2.1"),
    ],
)
def test_another_pair_is_refused(
    python: tuple[int, int], tfx: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (*python, 0))
    monkeypatch.setattr(metadata, "version", lambda name: tfx)
    with pytest.raises(ConfigError) as caught:
        environment.check_versions()
    assert str(caught.value).startswith(message)


def test_the_output_folder_is_made(tmp_path: Path) -> None:
    environment.check_output(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_file_in_place_of_the_output_folder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(
        ConfigError, match=r"must be writable\. Received: .*file \(File exists\)\. Choose another"
    ):
        environment.check_output(path)


def test_a_full_disk_is_reported_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor = 500 * 2**20
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, floor))
    environment.check_output(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, floor - 1))
    with pytest.raises(ConfigError, match=r"at least 500 MiB of free disk\. Received: 499 MiB"):
        environment.check_output(tmp_path)


def test_one_run_at_a_time_holds_the_folder(tmp_path: Path) -> None:
    second_run = pytest.raises(ConfigError, match="Another run is working in")
    with environment.locked(tmp_path), second_run, environment.locked(tmp_path):
        pass
    with environment.locked(tmp_path):
        pass


def test_tfx_finds_no_flags_and_tensorflow_leaves_memory_to_the_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TF_FORCE_GPU_ALLOW_GROWTH", raising=False)
    monkeypatch.setattr(sys, "argv", ["local_runner.py", "--output", "x"])
    with environment.prepared():
        assert os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
        assert sys.argv == ["local_runner.py"]
    assert sys.argv == ["local_runner.py", "--output", "x"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_both_signals_end_a_run_as_ctrl_c(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    stop = StopRequest()
    with signals_as_interrupts(stop):
        assert not stop.received
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
            time.sleep(5)
        assert stop.received
    assert signal.getsignal(number) is before


def test_the_same_ctrl_c_passed_on_by_uv_counts_once() -> None:
    with signals_as_interrupts(StopRequest()):
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)


def test_the_last_lines_are_written_undisturbed() -> None:
    stop = StopRequest()
    with signals_as_interrupts(stop), signals_ignored():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.1)
        assert not stop.received
