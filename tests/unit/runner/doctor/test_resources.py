"""Too little memory and limits of the process are named, with a remedy."""

import resource
from dataclasses import replace
from pathlib import Path

import pytest

from runner.doctor import (
    resources,
)
from runner.doctor.machine import Machine
from testing.runner.planted_machine import bad, only, planted


@pytest.mark.parametrize(
    ("files", "state"),
    [
        ({"proc__meminfo": "MemTotal:        2097152 kB\n"}, "fault"),
        ({"proc__meminfo": "MemTotal:        4194304 kB\n"}, "warning"),
        (
            {
                "proc__meminfo": "MemTotal:       16777216 kB\n",
                "sys__fs__cgroup__memory.max": f"{2 * 2**30}\n",
            },
            "fault",
        ),
        (
            {
                "proc__meminfo": "MemTotal:       16777216 kB\n",
                "sys__fs__cgroup__memory.max": "max\n",
            },
            "ok",
        ),
    ],
)
def test_too_little_memory(files: dict[str, str], state: str, tmp_path: Path) -> None:
    machine = planted(tmp_path, **files)
    found = {finding.check: finding for finding in resources.check(machine)}
    assert found["memory"].state == state


@pytest.mark.parametrize(
    ("kind", "limit", "check", "remedy"),
    [
        (resource.RLIMIT_NOFILE, 256, "open files", "ulimit -n"),
        (resource.RLIMIT_FSIZE, 10**9, "file size", "ulimit -f"),
        (resource.RLIMIT_NPROC, 100, "processes", "ulimit -u"),
        (resource.RLIMIT_AS, 16 * 2**30, "address space", "ulimit -v"),
    ],
)
def test_a_limit_of_the_process(kind: int, limit: int, check: str, remedy: str) -> None:
    before = resource.getrlimit(kind)
    resource.setrlimit(kind, (limit, before[1]))
    try:
        finding = only(resources.check(Machine()))
    finally:
        resource.setrlimit(kind, before)
    assert finding.check == check
    assert remedy in finding.remedy


def test_no_shared_memory_and_no_temporary_folder(tmp_path: Path) -> None:
    machine = planted(tmp_path, proc__meminfo="MemTotal: 16777216 kB\n")
    machine = replace(machine, environment={"TMPDIR": str(tmp_path / "absent")})
    found = bad(resources.check(machine))
    assert [finding.check for finding in found] == ["shared memory", "temporary folder"]
    assert "--shm-size" in found[0].remedy
