"""Memory and limits of the process, and what Python's processes need of the system."""

import os
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from runner.doctor.finding import Finding, fault, ok, warning
from runner.doctor.machine import Machine

_SAMPLE_BYTES = 3 * 2**30
"""The drawn sample's run needs some 2 GiB, and the system a part (benchmarks/README.md)."""
_TRAINING_BYTES = 6 * 2**30
"""A training at 224 pixels on a CPU needs some 5 GiB."""
_ADDRESSES = 32 * 2**30
"""TensorFlow and its threads reserve far more addresses than they use."""
_FILES = 1024
_THREADS = 512


def check(machine: Machine) -> Iterator[Finding]:
    """Yields whether memory, limits, shared memory and the temporary folder will do."""
    yield _check_memory(machine)
    yield _check_limit(
        "address space", resource.RLIMIT_AS, _ADDRESSES, "ulimit -v unlimited", "bytes (ulimit -v)"
    )
    yield _check_limit("open files", resource.RLIMIT_NOFILE, _FILES, "ulimit -n 4096", "files")
    yield _check_limit("processes", resource.RLIMIT_NPROC, _THREADS, "ulimit -u 4096", "threads")
    yield _check_file_size()
    yield _check_semaphores(machine)
    yield _check_temporary(machine)


def memory_bytes(machine: Machine) -> int | None:
    """Returns the memory that the process may use at most; None if it is not known."""
    total = re.search(r"^MemTotal:\s*(\d+) kB", machine.text("/proc/meminfo"), re.MULTILINE)
    limits = [int(total[1]) * 1024] if total else []
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        text = machine.text(path).strip()
        if text.isdigit():
            limits.append(int(text))
    return min(limits, default=None)


def _check_memory(machine: Machine) -> Finding:
    size = memory_bytes(machine)
    if size is None:
        return warning("memory", "The size of the memory is not known", "See that it is 6 GiB")
    gib = f"{size / 2**30:.1f} GiB"
    if size < _SAMPLE_BYTES:
        return fault(
            "memory",
            f"The drawn sample needs 3 GiB. Received: {gib}",
            "Give the machine or the container more memory (docker run --memory, WSL: .wslconfig)",
        )
    if size < _TRAINING_BYTES:
        return warning(
            "memory",
            f"{gib}: enough for the sample; a training at 224 pixels needs some 5 GiB",
            "Take 8 GiB for own data, or lower train.batch_size and model.resolution",
        )
    return ok("memory", gib)


def _check_limit(check: str, kind: int, needed: int, remedy: str, unit: str) -> Finding:
    limit, _hard = resource.getrlimit(kind)
    if limit != resource.RLIM_INFINITY and limit < needed:
        return fault(check, f"{needed:,} {unit} are needed. Received: {limit:,}", remedy)
    return ok(check, "no limit" if limit == resource.RLIM_INFINITY else f"{limit:,}")


def _check_file_size() -> Finding:
    limit, _hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    if limit == resource.RLIM_INFINITY:
        return ok("file size", "no limit")
    return fault(
        "file size",
        f"Files must be able to grow; a longer write ends the process. Received: {limit:,} bytes",
        "ulimit -f unlimited",
    )


_SEMAPHORE = "import multiprocessing; multiprocessing.get_context('spawn').Lock()"


def _check_semaphores(machine: Machine) -> Finding:
    # In a process of its own: CPython ends with the process that misses /dev/shm.
    done = subprocess.run(
        [sys.executable, "-I", "-c", _SEMAPHORE], capture_output=True, text=True, check=False
    )
    is_there = machine.path("/dev/shm").is_dir() and os.access(machine.path("/dev/shm"), os.W_OK)
    if done.returncode == 0 and is_there:
        return ok("shared memory", "/dev/shm")
    return fault(
        "shared memory",
        "The ingest's processes need /dev/shm, which must be there and writable",
        "Mount it: mount -t tmpfs tmpfs /dev/shm (docker run --shm-size=256m)",
    )


def _check_temporary(machine: Machine) -> Finding:
    named = machine.environment.get("TMPDIR")
    try:
        if named and not os.access(named, os.W_OK | os.X_OK):
            raise FileNotFoundError(f"TMPDIR={named}")
        folder = tempfile.mkdtemp()
        os.rmdir(folder)
    except OSError as error:
        return fault(
            "temporary folder",
            f"A folder for temporary files must be writable. Received: {error}",
            "Set TMPDIR to a folder that is there, or unset it",
        )
    return ok("temporary folder", tempfile.gettempdir())
