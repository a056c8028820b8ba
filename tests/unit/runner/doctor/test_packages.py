"""Missing packages and compilers are named, with a remedy."""

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from runner.doctor import packages
from runner.doctor.machine import Machine
from testing.paths import ROOT
from testing.runner.planted_machine import SOUND, bad, only


def test_missing_packages_compiler_and_uv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(packages, "is_installed", lambda: False)
    machine = replace(SOUND, environment={"PATH": str(tmp_path)})
    found = list(packages.check(machine))
    assert [finding.check for finding in bad(found)] == ["packages", "compiler"]
    assert "apt install g++" in bad(found)[1].remedy
    assert [finding.check for finding in bad(found, "warning")] == ["uv"]
    compiler = tmp_path / "g++"
    compiler.write_text("#!/bin/sh\n")
    compiler.chmod(0o755)
    assert [finding.check for finding in bad(packages.check(machine))] == ["packages"]
    monkeypatch.setattr(packages.sysconfig, "get_path", lambda name: str(tmp_path))
    headers = bad(packages.check(machine), "warning")[-1]
    assert "python3-dev" in headers.remedy


def test_another_pair_and_half_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sys, "version_info", (3, 12, 0) if SOUND.python == sys.version_info[:2] else (3, 10, 0)
    )
    monkeypatch.setattr(packages, "_EXTRAS", {"demo": ("json", "missing_module_of_an_extra")})
    found = list(packages.check(Machine()))
    assert "goes with TFX" in only(found).message
    half = next(finding for finding in found if finding.check == "extra demo")
    assert (half.state, half.remedy) == ("warning", "uv sync --inexact --extra demo")


def test_each_extra_is_looked_for() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    extras = text.split("[project.optional-dependencies]\n")[1].split("\n[")[0]
    assert {*packages._EXTRAS} == {*re.findall(r"^(\S+) = \[", extras, re.MULTILINE)}
