"""``doctor.py`` as a program, without any package, as before an installation."""

import json
import subprocess
import sys
from pathlib import Path

from testing.paths import ROOT


def test_it_needs_no_package_and_names_what_is_missing(tmp_path: Path) -> None:
    # -S leaves the environment's packages out.
    command = [sys.executable, "-S", str(ROOT / "doctor.py"), "--quick", "--json"]
    done = subprocess.run(
        [*command, "--output", str(tmp_path)], capture_output=True, text=True, check=False
    )
    document = json.loads(done.stdout)
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    faults = [found for found in document["findings"] if found["state"] == "fault"]
    assert any("./install.sh" in found["remedy"] for found in faults)
