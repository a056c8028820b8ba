"""The output folder: its file system, and what the writers ask of it."""

import fcntl
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from runner import environment
from runner.doctor.finding import Finding, fault, ok, warning
from runner.doctor.machine import Machine
from schemas.errors import ConfigError

_REMOTE = re.compile(
    r"nfs|cifs|smb|9p|sshfs|vboxsf|vmhgfs|drvfs|afs|glusterfs|ceph|lustre|virtiofs"
)
_LOOSE = ("vfat", "exfat", "msdos")
_HANGUL = "기분"
_OTHER = "Choose another folder with --output, on a local disk"
_PROJECT = Path(__file__).parents[2]
ENVIRONMENT_BYTES = round(4.8 * 2**30)
"""Of the installed packages, 4.5 GiB, and of what uv keeps in its cache without links to them."""


def check(machine: Machine, output: Path, *, installed: bool) -> Iterator[Finding]:
    """Yields whether results can be kept in a folder, which need not exist yet.

    Args:
      machine: whose mounts are looked up.
      output: the folder, absolute.
      installed: whether this project's packages are there; else their disk is checked too.
    """
    try:
        environment.check_name(output)
    except ConfigError as error:
        yield fault("output folder", str(error), _OTHER)
    there = _nearest(output)
    if not there.is_dir():
        yield fault("output folder", f"{there} is a file and not a folder", _OTHER)
        return
    yield _check_mount(machine, there)
    findings = list(_check_writes(there))
    yield from findings
    if not any(finding.state == "fault" for finding in findings):
        yield _check_lock(output)
    yield from _check_space(there)
    yield _check_versions(output)
    if not installed:
        yield _check_environment_space()


def _nearest(path: Path) -> Path:
    """Returns the path, or the nearest of its parents that exists."""
    return next(each for each in (path, *path.parents) if each.exists())


def file_system(machine: Machine, folder: Path) -> str:
    """Returns the kind of file system that a folder lies in, by /proc/mounts; "" if unknown."""
    best, kind = "", ""
    for line in machine.text("/proc/mounts").splitlines():
        parts = line.split(" ")
        if len(parts) < 3:
            continue
        point = parts[1].replace("\\040", " ")
        is_above = str(folder) == point or str(folder).startswith(point.rstrip("/") + "/")
        if is_above and len(point) >= len(best):
            best, kind = point, parts[2]
    return kind


def _check_mount(machine: Machine, folder: Path) -> Finding:
    kind = file_system(machine, folder.resolve())
    if _REMOTE.search(kind):
        return warning(
            "file system",
            f"{folder} is on a network or shared disk ({kind}): locks and flushed files may not "
            "hold there, and small files are slow",
            f"{_OTHER}; photos may stay where they are",
        )
    if kind in _LOOSE:
        return warning(
            "file system",
            f"{folder} is on {kind}, which has no hard links and loses files in a power cut",
            _OTHER,
        )
    return ok("file system", kind or "unknown")


def _check_writes(folder: Path) -> Iterator[Finding]:
    """Does what ``system.files`` and ML Metadata do: write, flush, rename, lock, list."""
    step = "write"
    try:
        with tempfile.TemporaryDirectory(prefix=".doctor-", dir=folder) as name:
            partial, path = Path(name, f"{_HANGUL}.partial"), Path(name, _HANGUL)
            partial.write_bytes(b"0" * 4096)
            step = "flush a file"
            _flush(partial)
            step = "flush a folder"
            _flush(Path(name))
            step = "rename a file"
            partial.replace(path)
            step = "keep a name in Hangul"
            if os.listdir(name) != [_HANGUL]:
                raise OSError(f"the name came back as {os.listdir(name)}")
            step = "lock a file"
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (OSError, UnicodeError) as error:
        yield fault(
            "output folder",
            f"It must be possible to {step} in {folder}. Received: {error}",
            _OTHER,
        )
    else:
        yield ok("output folder", f"{folder}: write, flush, rename and lock work")


def _flush(path: Path) -> None:
    # As ``system.files.flush``, whose module needs packages.
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_lock(output: Path) -> Finding:
    path = output / ".lock"
    if not path.exists():
        return ok("lock", "no run works in the output folder")
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return fault(
                "lock",
                f"Another run is working in {output}",
                "Wait for its end, or choose another --output",
            )
    return ok("lock", "no run works in the output folder")


def _check_space(folder: Path) -> Iterator[Finding]:
    free, needed = shutil.disk_usage(folder).free, environment.MIN_FREE_DISK_BYTES
    if free < needed:
        yield fault(
            "disk",
            f"{needed >> 20} MiB of free disk are needed at least. Received: {free >> 20} MiB at "
            f"{folder}",
            "Free some, or choose another folder with --output",
        )
    else:
        yield ok("disk", f"{free / 2**30:.1f} GiB free at {folder}")
    status = os.statvfs(folder)
    if status.f_files and status.f_favail < 1000:
        yield fault(
            "inodes",
            f"{folder} has no room for more files. Received: {status.f_favail} free inodes",
            "Remove small files, or choose another folder with --output",
        )


def _check_versions(output: Path) -> Finding:
    """Compares the clock with the pushed versions, which are named by the second of their push."""
    serving = output / "serving" / "pet_mood"
    names = [int(path.name) for path in serving.glob("[0-9]*") if path.name.isdigit()]
    newest = max(names, default=0)
    if newest > time.time():
        return fault(
            "clock",
            f"Version {newest} in {serving} is of the future by this machine's clock: TensorFlow "
            "Serving would go on serving it after the next push",
            "Set the clock, or remove that version",
        )
    return ok("clock", time.strftime("%Y-%m-%d %H:%M %Z"))


def _check_environment_space() -> Finding:
    free = shutil.disk_usage(_PROJECT).free
    if free < ENVIRONMENT_BYTES:
        return fault(
            "disk of the packages",
            f"The packages take {ENVIRONMENT_BYTES / 2**30:.1f} GiB in {_PROJECT}/.venv. Received: "
            f"{free / 2**30:.1f} GiB of free disk",
            "Free some, or set UV_PROJECT_ENVIRONMENT to a folder on another disk",
        )
    return ok("disk of the packages", f"{free / 2**30:.1f} GiB free at {_PROJECT}")
