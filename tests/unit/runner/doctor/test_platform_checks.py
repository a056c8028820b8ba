"""Machines that the packages do not fit are named, with a remedy."""

from dataclasses import replace
from pathlib import Path

import pytest

from runner.doctor import (
    platform_checks,
)
from runner.doctor.machine import Machine
from testing.runner.planted_machine import SOUND, bad, only, planted


@pytest.mark.parametrize(
    ("machine", "check", "message", "remedy"),
    [
        (replace(SOUND, system="Darwin"), "system", "packages that fit Darwin", "container"),
        (replace(SOUND, system="Windows"), "system", "packages that fit Windows", "WSL 2"),
        (replace(SOUND, architecture="aarch64"), "processor", "on aarch64", "x86-64"),
        (replace(SOUND, libc=("", "")), "C library", "such as musl", "Debian"),
        (replace(SOUND, libc=("glibc", "2.12")), "C library", "glibc 2.17 or newer", "Debian 12"),
        (replace(SOUND, python=(3, 12)), "C library", "2.39 or newer. Received: 2.36", "pin 3.10"),
        (replace(SOUND, python=(3, 9)), "Python", "Received: 3.9", "uv run"),
        (replace(SOUND, python=(3, 14), libc=("glibc", "2.41")), "Python", "Received: 3.14", "uv"),
    ],
)
def test_a_machine_without_packages_is_named(
    machine: Machine, check: str, message: str, remedy: str
) -> None:
    finding = only(platform_checks.check(machine))
    assert finding.check == check
    assert message in finding.message
    assert remedy in finding.remedy


def test_before_the_installation_another_python_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform_checks, "is_installed", lambda: False)
    found = list(platform_checks.check(replace(SOUND, python=(3, 11))))
    assert not bad(found)
    assert "takes Python 3.10" in only(found, "warning").remedy


def test_this_kind_of_machine_is_sound(tmp_path: Path) -> None:
    machine = planted(tmp_path, proc__cpuinfo="flags\t: fpu sse4_2 avx avx2\n")
    assert {finding.state for finding in platform_checks.check(machine)} == {"ok"}
    newer = replace(machine, python=(3, 13), libc=("glibc", "2.39"))
    assert {finding.state for finding in platform_checks.check(newer)} == {"ok"}


@pytest.mark.parametrize(
    ("flags", "state", "message"), [("sse4_2", "fault", "AVX"), ("avx", "warning", "not AVX2")]
)
def test_a_processor_without_the_instructions(
    flags: str, state: str, message: str, tmp_path: Path
) -> None:
    machine = planted(tmp_path, proc__cpuinfo=f"flags\t\t: fpu {flags} ht\n")
    finding = only(platform_checks.check(machine), state)
    assert (finding.check, message in finding.message) == ("processor", True)
