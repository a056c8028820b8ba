"""``doctor.py`` as a program, without any package, as before an installation."""

import json
import re
import subprocess
import sys
from pathlib import Path

from testing.paths import ROOT


def without_packages(*flags: str) -> subprocess.CompletedProcess[str]:
    # -S leaves the environment's packages out.
    command = [sys.executable, "-S", str(ROOT / "doctor.py"), "--quick", *flags]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_needs_no_package_and_names_what_is_missing(tmp_path: Path) -> None:
    done = without_packages("--json", "--output", str(tmp_path))
    document = json.loads(done.stdout)
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    faults = [found for found in document["findings"] if found["state"] == "fault"]
    assert any("./install.sh" in found["remedy"] for found in faults)


def test_the_last_line_counts_what_was_found(tmp_path: Path) -> None:
    *_, last = without_packages("--output", str(tmp_path)).stdout.splitlines()
    assert re.fullmatch(
        r"(1 fault|[2-9] faults), (no warnings|1 warning|[2-9] warnings)\. A run would fail", last
    )
