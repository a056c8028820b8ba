"""System, processor, C library and Python: what TFX's and TensorFlow's packages are built for."""

import re
from collections.abc import Iterator

from runner.doctor.finding import Finding, fault, ok, warning
from runner.doctor.machine import Machine, is_installed

NEWER_LINE_GLIBC = (2, 39)
"""Least glibc of TFX 1.21's packages; TFX 1.16's need 2.17."""
_OLDER_LINE_GLIBC = (2, 17)
_LAST_PYTHON = (3, 13)
_FIRST_PYTHON = (3, 10)
_ELSEWHERE = (
    "Run it on Linux on x86-64: in WSL 2 on Windows, elsewhere in a container or a virtual machine "
    "(docs/install.md)"
)


def check(machine: Machine) -> Iterator[Finding]:
    """Yields whether there are packages for this machine."""
    if machine.system != "Linux":
        yield fault("system", f"TFX has no packages that fit {machine.system}", _ELSEWHERE)
        return
    yield ok("system", f"Linux {_release(machine)}".strip())
    if machine.architecture not in ("x86_64", "AMD64"):
        yield fault(
            "processor", f"TFX has no packages for Linux on {machine.architecture}", _ELSEWHERE
        )
    else:
        yield from _check_instructions(machine)
    yield from _check_libc(machine)
    yield from _check_python(machine)


def _release(machine: Machine) -> str:
    found = re.search(r'^PRETTY_NAME="?([^"\n]*)', machine.text("/etc/os-release"), re.MULTILINE)
    return f"({found[1]})" if found else ""


def _check_instructions(machine: Machine) -> Iterator[Finding]:
    flags = re.search(r"^flags\s*:(.*)$", machine.text("/proc/cpuinfo"), re.MULTILINE)
    if flags is None:
        yield ok("processor", machine.architecture)
        return
    names = flags[1].split()
    if "avx" not in names:
        yield fault(
            "processor",
            "TensorFlow's packages use AVX, which this processor, or virtual machine, lacks: they "
            'would end with "Illegal instruction"',
            "Let the virtual machine show its host's processor (QEMU: -cpu host), or take another",
        )
    elif "avx2" not in names:
        yield warning(
            "processor",
            "The processor has AVX, but not AVX2: training will be slow",
            "Take a newer machine for more than a trial",
        )
    else:
        yield ok("processor", f"{machine.architecture} with AVX2")


def _check_libc(machine: Machine) -> Iterator[Finding]:
    name, version = machine.libc
    if name != "glibc":
        yield fault(
            "C library",
            f"TFX has packages for glibc alone. Received: {name or 'another one, such as musl'}",
            "Take a system with glibc, such as Debian or Ubuntu, in a container for example",
        )
        return
    found = _numbers(version)
    newer = machine.python > _FIRST_PYTHON
    needed = NEWER_LINE_GLIBC if newer else _OLDER_LINE_GLIBC
    if newer and needed > found >= _OLDER_LINE_GLIBC and not is_installed():
        yield warning(
            "C library",
            f"glibc {version} is too old for the packages of this Python {_text(machine.python)}, "
            "but not for those of Python 3.10",
            "./install.sh takes Python 3.10, which uv downloads",
        )
    elif found < needed:
        yield fault(
            "C library",
            f"With Python {_text(machine.python)} TFX needs glibc {_text(needed)} or newer. "
            f"Received: {version}",
            "Use Python 3.10, which uv downloads: uv python pin 3.10"
            if newer and found >= _OLDER_LINE_GLIBC
            else "Take a newer system, such as Debian 12 or Ubuntu 22.04",
        )
    else:
        yield ok("C library", f"glibc {version}")


def _check_python(machine: Machine) -> Iterator[Finding]:
    if not _FIRST_PYTHON <= machine.python <= _LAST_PYTHON:
        yield fault(
            "Python",
            f"Python must be {_text(_FIRST_PYTHON)} to {_text(_LAST_PYTHON)}. "
            f"Received: {_text(machine.python)}",
            "Start commands with uv run: it downloads a Python that fits",
        )
    else:
        yield ok("Python", _text(machine.python))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
