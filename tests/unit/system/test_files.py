"""Atomic writes: files and folders appear complete and on the disk, or not at all."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import Timeout

from schemas.errors import ConfigError
from system import files
from testing.paths import ROOT


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, bool]]:
    """(path below the test's folder, whether "new" exists there) of each flush, in order."""
    calls: list[tuple[str, bool]] = []
    flush = files.flush

    def flush_and_note(path: Path) -> None:
        calls.append((str(path.relative_to(tmp_path)), (tmp_path / "new").exists()))
        flush(path)

    monkeypatch.setattr(files, "flush", flush_and_note)
    return calls


def test_a_file_appears_at_the_end_of_the_block(tmp_path: Path) -> None:
    path = tmp_path / "new"
    with files.whole(path) as partial:
        partial.write_text("content")
        assert not path.exists()
    assert path.read_text() == "content"
    assert names_in(tmp_path) == {"new"}


def test_an_existing_file_is_replaced_at_the_end_of_the_block(tmp_path: Path) -> None:
    path = tmp_path / "new"
    path.write_text("old")
    with files.whole(path) as partial:
        partial.write_text("content")
        assert path.read_text() == "old"
    assert path.read_text() == "content"
    assert names_in(tmp_path) == {"new"}


def test_a_folder_appears_at_the_end_of_the_block(tmp_path: Path) -> None:
    path = tmp_path / "new"
    with files.whole(path) as partial:
        (partial / "inner").mkdir(parents=True)
        (partial / "inner/file").write_text("content")
        assert not path.exists()
    assert (path / "inner/file").read_text() == "content"
    assert names_in(tmp_path) == {"new"}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("kind", ["file", "folder", "nothing"])
def test_an_error_in_the_block_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, kind: str, error: type[BaseException]
) -> None:
    path = tmp_path / "new"
    path.write_text("old")
    with pytest.raises(error), files.whole(path) as partial:
        if kind == "file":
            partial.write_text("half")
        elif kind == "folder":
            partial.mkdir()
            (partial / "file").write_text("half")
        raise error
    assert path.read_text() == "old"
    assert names_in(tmp_path) == {"new"}


def test_a_block_that_writes_nothing_is_an_error_and_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "new"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), files.whole(path):
        pass
    assert path.read_text() == "old"


def test_a_killed_process_leaves_the_old_file_and_the_next_write_removes_its_rest(
    tmp_path: Path,
) -> None:
    path = tmp_path / "new"
    path.write_text("old")
    script = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom system import files\n"
        "with files.whole(Path(sys.argv[1])) as partial:\n"
        "    partial.mkdir()\n"
        "    (partial / 'file').write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, path], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert path.read_text() == "old"
    assert names_in(tmp_path) == {"new", "new.partial"}
    files.write_whole(path, "content")
    assert path.read_text() == "content"
    assert names_in(tmp_path) == {"new"}


def test_a_file_is_flushed_before_its_renaming_and_the_name_after_it(
    tmp_path: Path, flushed: list[tuple[str, bool]]
) -> None:
    (tmp_path / "half").write_text("content")
    files.put(tmp_path / "half", tmp_path / "new")
    assert flushed == [("half", False), (".", True)]
    assert (tmp_path / "new").read_text() == "content"
    assert names_in(tmp_path) == {"new"}


def test_all_files_and_folders_of_a_folder_are_flushed_before_its_renaming(
    tmp_path: Path, flushed: list[tuple[str, bool]]
) -> None:
    (tmp_path / "half/inner/empty").mkdir(parents=True)
    (tmp_path / "half/inner/file").write_text("content")
    (tmp_path / "half/file").write_text("content")
    files.put(tmp_path / "half", tmp_path / "new")
    before = {"half", "half/file", "half/inner", "half/inner/empty", "half/inner/file"}
    assert {path for path, _ in flushed[:-1]} == before
    assert not any(is_renamed for _, is_renamed in flushed[:-1])
    assert flushed[-1] == (".", True)
    assert (tmp_path / "new/inner/file").read_text() == "content"


def test_put_replaces_a_file(tmp_path: Path) -> None:
    (tmp_path / "half").write_text("content")
    (tmp_path / "new").write_text("old")
    files.put(tmp_path / "half", tmp_path / "new")
    assert (tmp_path / "new").read_text() == "content"
    assert names_in(tmp_path) == {"new"}


def test_flushing_asks_the_system_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.readlink(f"/proc/self/fd/{fd}")))
    (tmp_path / "file").write_text("content")
    files.flush(tmp_path / "file")
    files.flush(tmp_path)
    assert synced == [str(tmp_path / "file"), str(tmp_path)]


@pytest.mark.parametrize(
    ("content", "written"), [("행복\n", "행복\n".encode()), (b"\xff", b"\xff")]
)
def test_text_is_written_as_utf_8_and_bytes_as_they_are(
    tmp_path: Path, content: str | bytes, written: bytes
) -> None:
    files.write_whole(tmp_path / "new", content)
    assert (tmp_path / "new").read_bytes() == written


def test_files_and_folders_are_removed_and_missing_ones_are_not_an_error(tmp_path: Path) -> None:
    (tmp_path / "folder/inner").mkdir(parents=True)
    (tmp_path / "file").write_text("content")
    for name in ("folder", "file", "missing"):
        files.remove(tmp_path / name)
    assert names_in(tmp_path) == set()


def test_removing_a_link_leaves_the_folder_that_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    files.remove(tmp_path / "link")
    assert names_in(tmp_path) == {"folder"}


def test_an_error_of_the_disk_becomes_a_config_error(tmp_path: Path) -> None:
    message = rf"{tmp_path} must be writable\. Received: .*No space left.*the same command goes on"
    with pytest.raises(ConfigError, match=message), files.writing(tmp_path):
        raise OSError(28, "No space left on device")


def test_a_lock_that_is_taken_is_not_an_error_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(Timeout), files.writing(tmp_path):
        raise Timeout(str(tmp_path / "lock"))
