"""The command ``inference.py`` in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from testing.paths import ROOT


def call(*arguments: str | Path, **options: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TF_")}
    return subprocess.run(
        [sys.executable, ROOT / "inference.py", *arguments],
        capture_output=True, encoding="utf-8", env=environment | options, timeout=120,
    )  # fmt: skip
