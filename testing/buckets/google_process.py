"""``testing.buckets.google_cloud`` in a process of its own.

TensorFlow waits for some answers with Python's lock held: in the process that asks, a server could
not give them.
"""

import contextlib
import json
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from testing.buckets.google_cloud import CONTROL
from testing.paths import ROOT


class GoogleCloudProcess:
    """A running server."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment

    def environment(self) -> dict[str, str]:
        """Returns what makes the three clients of this project use it."""
        return dict(self._environment)

    @property
    def requests(self) -> Counter[str]:
        """How often each kind of request came."""
        counts = Counter[str](self._control()["requests"])
        del counts["_control"]
        return counts

    @property
    def errors(self) -> list[str]:
        """What it could not do, which is a defect of its own."""
        errors: list[str] = self._control()["errors"]
        return errors

    @contextlib.contextmanager
    def delayed(self, seconds: float) -> Iterator[None]:
        """Has each answer held back in the block."""
        self._control(f"?delay={seconds}")
        try:
            yield
        finally:
            self._control("?delay=0")

    def _control(self, query: str = "") -> Any:
        address = self._environment["STORAGE_EMULATOR_HOST"] + CONTROL + query
        with urllib.request.urlopen(address, timeout=60) as answer:
            return json.load(answer)


@contextlib.contextmanager
def serve(folder: Path, *buckets: str) -> Iterator[GoogleCloudProcess]:
    """Serves empty buckets on a free port; ``folder`` is for its certificate."""
    with subprocess.Popen(
        [sys.executable, "-m", "testing.buckets.google_cloud", str(folder), *buckets],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield GoogleCloudProcess(json.loads(process.stdout.readline()))
        finally:
            process.stdin.close()
            process.wait()
