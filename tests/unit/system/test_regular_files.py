"""Tests of system.regular_files."""

import os
from pathlib import Path

import pytest

from system.regular_files import IrregularFileError, open_regular


def test_a_file_is_opened(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"text")
    with open_regular(tmp_path / "a") as file:
        assert file.read() == b"text"


def test_a_pipe_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(IrregularFileError, match="a named pipe"):
        open_regular(tmp_path / "pipe")


def test_a_pipe_that_takes_the_files_place_does_not_wait_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").touch()
    os.mkfifo(tmp_path / "pipe")
    status = os.stat(tmp_path / "a")
    monkeypatch.setattr(os, "stat", lambda _: status)
    with pytest.raises(IrregularFileError, match="a named pipe"):
        open_regular(tmp_path / "pipe")


def test_nothing_there_is_the_systems_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "gone")
