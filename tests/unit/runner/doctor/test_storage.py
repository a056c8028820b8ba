"""Output folders and disks that writers cannot use are named, with a remedy."""

import errno
import fcntl
import os
import shutil
import time
from collections import namedtuple
from pathlib import Path

import pytest

from runner.doctor import (
    storage,
)
from runner.doctor.machine import Machine
from testing.runner.planted_machine import bad, only, planted

Usage = namedtuple("Usage", "total used free")


def test_an_output_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    machine = Machine()
    found = only(storage.check(machine, tmp_path / "file" / "run", installed=True))
    assert "is a file" in found.message
    # Even root cannot write here.
    found = bad(storage.check(machine, Path("/proc/run"), installed=True))[0]
    assert "must be possible to write" in found.message
    found = only(storage.check(machine, tmp_path / "a[1]", installed=True))
    assert "take for a pattern" in found.message
    assert not (tmp_path / "a[1]").exists()
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "9p", "fuse.sshfs", "vboxsf", "vfat"])
def test_a_disk_of_another_kind(kind: str, tmp_path: Path) -> None:
    mounts = (
        f"/dev/sda1 / ext4 rw 0 0\nserver:/home {tmp_path} {kind} rw 0 0\nproc /proc proc rw 0 0\n"
    )
    machine = planted(tmp_path / "root", proc__mounts=mounts)
    finding = only(storage.check(machine, tmp_path / "run", installed=True), "warning")
    assert finding.check == "file system"
    assert kind in finding.message
    assert storage.file_system(machine, Path("/home/me")) == "ext4"


@pytest.mark.parametrize(
    ("name", "target", "step"),
    [("fsync", os, "flush a file"), ("flock", fcntl, "lock a file"), ("replace", Path, "rename")],
)
def test_a_disk_that_cannot_do_what_writers_ask(
    name: str, target: object, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*arguments: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(target, name, fails)
    finding = only(storage.check(Machine(), tmp_path, installed=True))
    assert step in finding.message
    assert "Input/output error" in finding.message


def test_a_full_disk_another_run_and_a_wrong_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "serving" / "pet_mood" / str(int(time.time()) + 3600)).mkdir(parents=True)
    with (tmp_path / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 400 * 2**20))
        found = bad(storage.check(Machine(), tmp_path, installed=False))
    assert [finding.check for finding in found] == ["lock", "disk", "clock", "disk of the packages"]
    assert all(finding.remedy for finding in found)
