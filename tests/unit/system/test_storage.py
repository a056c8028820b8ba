"""Files on this machine or in a bucket: opening, linking and atomic writes."""

import errno
import os
from pathlib import Path

import pytest

from system import storage


def test_a_local_file_is_replaced_at_the_end_of_the_block(tmp_path: Path) -> None:
    path = tmp_path / "new"
    path.write_text("old")
    with storage.whole(str(path)) as partial:
        Path(partial).write_text("content")
        assert path.read_text() == "old"
    assert path.read_text() == "content"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_in_the_block_leaves_the_old_local_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "new"
    path.write_text("old")
    with pytest.raises(ValueError, match="in the block"), storage.whole(str(path)) as partial:
        Path(partial).write_text("half")
        raise ValueError("in the block")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_object_of_a_bucket_is_written_in_place() -> None:
    with storage.whole("gs://bucket/new") as partial:
        assert partial == "gs://bucket/new"


def test_text_is_written_in_utf_8_without_changing_line_ends(tmp_path: Path) -> None:
    path = str(tmp_path / "new")
    storage.write_whole(path, "행복\r\n편안\n")
    assert (tmp_path / "new").read_bytes() == "행복\r\n편안\n".encode()
    with storage.open_file(path, "r") as file:
        assert file.read() == "행복\r\n편안\n"


def test_opening_a_missing_file_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        storage.open_file(str(tmp_path / "missing"), "rb")


def test_a_link_is_a_second_name_of_the_file(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_text("content")
    storage.link_files([(str(source), str(target))])
    assert os.path.samefile(source, target)


def test_a_file_is_copied_if_the_file_system_has_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_text("content")
    storage.link_files([(str(source), str(target))])
    assert target.read_text() == "content"
    assert not os.path.samefile(source, target)


def test_an_error_of_the_disk_is_not_taken_for_a_file_system_without_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "link", fail)
    (tmp_path / "source").write_text("content")
    with pytest.raises(OSError, match="Input/output error"):
        storage.link_files([(str(tmp_path / "source"), str(tmp_path / "target"))])
    assert not (tmp_path / "target").exists()
