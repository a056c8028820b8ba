"""The manifest of a folder: what sha256sum reads and writes, and what does not agree with it."""

import os
import subprocess
from pathlib import Path

import pytest

from schemas.errors import ConfigError
from system import manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "version"
    (folder / "variables").mkdir(parents=True)
    (folder / "assets").mkdir()  # Empty: a manifest is about files.
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables" / "variables.index").write_bytes(b"index")
    return folder


def sha256sum(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        ["sha256sum", *arguments], cwd=folder, capture_output=True, check=False, timeout=60
    )


def test_sha256sum_agrees_with_the_manifest(folder: Path) -> None:
    (folder / "a name with blanks.txt").write_bytes(b"1")
    (folder / "back\\slash").write_bytes(b"2")
    (folder / "line\nbreak").write_bytes(b"3")
    (folder / "한글").write_bytes(b"4")
    digest = manifest.write(folder)
    done = sha256sum(folder, "-c", "--strict", manifest.FILE)
    assert (done.returncode, done.stdout.count(b": OK\n")) == (0, 6), done
    assert sha256sum(folder, manifest.FILE).stdout.startswith(digest.encode())
    assert manifest.check(folder) == digest


def test_a_manifest_of_sha256sum_is_read(folder: Path) -> None:
    (folder / "back\\slash").write_bytes(b"2")
    names = ["saved_model.pb", "variables/variables.index", "back\\slash"]
    (folder / manifest.FILE).write_bytes(sha256sum(folder, "--binary", *names).stdout)
    assert manifest.check(folder) is not None


def test_the_same_files_have_the_same_manifest(folder: Path) -> None:
    first = manifest.write(folder)
    os.utime(folder / "saved_model.pb", (1, 1))
    assert manifest.write(folder) == first


def test_a_folder_without_a_manifest_is_told_from_one_that_agrees(folder: Path) -> None:
    assert manifest.check(folder) is None


def test_a_changed_a_missing_and_an_extra_file_are_named(folder: Path) -> None:
    manifest.write(folder)
    (folder / "saved_model.pb").write_bytes(b"Graph")
    with pytest.raises(ConfigError, match=r"Received: saved_model\.pb changed\. Do not use"):
        manifest.check(folder)

    (folder / "saved_model.pb").write_bytes(b"graph")
    assert manifest.check(folder) is not None
    (folder / "variables" / "variables.index").rename(folder / "more.index")
    with pytest.raises(
        ConfigError, match=r"variables/variables\.index missing; more\.index not listed"
    ):
        manifest.check(folder)


def test_many_files_are_named_in_part_and_counted(folder: Path) -> None:
    manifest.write(folder)
    for number in range(5):
        (folder / f"{number}.txt").touch()
    with pytest.raises(ConfigError, match=r"0\.txt, 1\.txt, 2\.txt and 2 more not listed"):
        manifest.check(folder)


def test_a_linked_folder_does_not_hide_files(folder: Path, tmp_path: Path) -> None:
    manifest.write(folder)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "extra").touch()
    (folder / "assets.extra").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match=r"assets\.extra not listed"):
        manifest.check(folder)


def test_a_pipe_is_refused_and_not_waited_for(folder: Path) -> None:
    manifest.write(folder)
    (folder / "saved_model.pb").unlink()
    os.mkfifo(folder / "saved_model.pb")
    with pytest.raises(ConfigError, match=r"regular files.*saved_model\.pb"):
        manifest.check(folder)
    with pytest.raises(ConfigError, match=r"regular files.*saved_model\.pb"):
        manifest.write(folder)
    (folder / manifest.FILE).unlink()
    os.mkfifo(folder / manifest.FILE)
    with pytest.raises(ConfigError, match="lists none"):
        manifest.check(folder)


def test_a_link_that_leads_nowhere_is_refused(folder: Path) -> None:
    manifest.write(folder)
    (folder / "saved_model.pb").unlink()
    (folder / "saved_model.pb").symlink_to("gone")
    with pytest.raises(ConfigError, match="must be readable"):
        manifest.check(folder)


@pytest.mark.parametrize(
    "line",
    [
        b"d430ee8f",
        b"\xff\x00",
        b"0" * 64 + b"  ../saved_model.pb",
        b"0" * 64 + b"  /etc/passwd",
        b"0" * 64 + b"  variables/../saved_model.pb",
        b"0" * 64 + b"  SHA256SUMS",
        b"0" * 64 + b"  a\n" + b"0" * 64 + b"  a",
    ],
)
def test_what_is_no_manifest_is_refused(folder: Path, line: bytes) -> None:
    (folder / manifest.FILE).write_bytes(line + b"\n")
    with pytest.raises(ConfigError, match="must list each file of its folder once"):
        manifest.check(folder)


def test_an_empty_manifest_is_refused(folder: Path) -> None:
    (folder / manifest.FILE).touch()
    with pytest.raises(ConfigError, match="It lists none"):
        manifest.check(folder)
