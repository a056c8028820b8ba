"""Examines the machine for ``doctor.py``, and prints what it found."""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runner.doctor import (
    data,
    devices,
    fonts,
    packages,
    platform_checks,
    resources,
    server,
    storage,
    variables,
    weights,
)
from runner.doctor.finding import Finding, fault, skipped
from runner.doctor.machine import Machine, is_installed
from schemas.documents.doctor import Doctor
from schemas.errors import ConfigError
from schemas.exit_codes import DoctorExit
from schemas.version import VERSION
from system.printable import printable
from system.streams import write_utf8

if TYPE_CHECKING:
    from runner.run_request import RunRequest

_MARKS = {"ok": "ok", "warning": "warning", "fault": "FAULT", "skipped": "-"}


@dataclass(frozen=True)
class DoctorRequest:
    """A command line's wishes.

    Attributes:
      output: folder of the runs that are to be made, absolute.
      csvs: tables by the flag that names them.
      image_root: folder that relative image paths start from.
      weights: as ``model.weights``; None is what the settings say, or the default.
      server: address of a model server; "" asks none.
      network: whether Keras' store may be asked.
      devices: whether TensorFlow is loaded.
      run: the same as a run's request, for the settings.
    """

    output: Path
    csvs: dict[str, Path]
    image_root: Path | None = None
    weights: str | None = None
    server: str = ""
    network: bool = False
    devices: bool = True


def examine(request: DoctorRequest, machine: Machine) -> Iterator[Finding]:
    """Yields the findings, the cheap ones first.

    An error of a check becomes a finding of its own, so that the others are still made.
    """
    installed = is_installed()
    yield from _guarded("platform", platform_checks.check(machine))
    yield from _guarded("packages", packages.check(machine))
    if machine.system != "Linux":
        return
    yield from _guarded("resources", resources.check(machine))
    yield from _guarded("environment", variables.check(machine))
    yield from _guarded("storage", storage.check(machine, request.output, installed=installed))
    yield fonts.check(machine)
    if request.csvs:
        yield from _guarded("data", data.check_tables(request.csvs, request.image_root))
    source = request.weights or "imagenet"
    yield weights.check(machine, source, network=request.network)
    if request.server:
        yield server.check(request.server)
    if (driver := devices.check_driver(machine)) is not None:
        yield driver
    if not installed:
        yield skipped("TensorFlow", "the packages are not installed")
    elif request.devices:
        yield devices.check(machine)


def run(request: DoctorRequest, run_request: "RunRequest | None", *, as_json: bool) -> int:
    """Prints the findings and returns the exit code.

    Args:
      request: what to examine.
      run_request: the same data and settings as a run has them; None where there are none, or
        where the packages that read settings are not installed.
      as_json: print the document of ``schemas.documents.doctor`` at the end, not lines.
    """
    findings = examine(request, Machine())
    if run_request is not None and request.csvs:
        findings = _with_disk(findings, run_request)
    found = []
    for finding in findings:
        found.append(finding)
        if not as_json:
            sys.stdout.writelines(_lines(finding))
            sys.stdout.flush()
    faults = sum(finding.state == "fault" for finding in found)
    if as_json:
        document: Doctor = {
            "healthy": not faults,
            "version": VERSION,
            "findings": [finding.as_json() for finding in found],
        }
        write_utf8(json.dumps(document, ensure_ascii=False, indent=1) + "\n")
    else:
        sys.stdout.write(_verdict(found, faults))
    return DoctorExit.FAULTS if faults else DoctorExit.HEALTHY


def _with_disk(findings: Iterator[Finding], run_request: "RunRequest") -> Iterator[Finding]:
    readable = True
    for finding in findings:
        readable &= not (finding.check == "data" and finding.state == "fault")
        yield finding
    if readable:
        yield data.check_disk(run_request)


def _guarded(check: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    try:
        yield from findings
    except (OSError, ValueError, ConfigError) as error:
        yield fault(check, f"It could not be examined: {error}", "See the message")


def _lines(finding: Finding) -> Iterator[str]:
    mark = _MARKS[finding.state]
    yield f"{mark:<8} {finding.check:<20} {printable(finding.message)}\n"
    if finding.remedy and finding.state != "ok":
        yield f"{'':<8} {'':<20} -> {printable(finding.remedy)}\n"


def _verdict(found: list[Finding], faults: int) -> str:
    warnings = sum(finding.state == "warning" for finding in found)
    if faults:
        return f"\n{_counted(faults, 'fault')}, {_counted(warnings, 'warning')}. A run would fail\n"
    return f"\nNo faults, {_counted(warnings, 'warning')}\n"


def _counted(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def absolute(path: Path) -> Path:
    """Returns a path from the root on; links stay."""
    return Path(os.path.abspath(path))
