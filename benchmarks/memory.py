"""Memory of a process, and measurements in a process that has done nothing else."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any


def peak_mb() -> float:
    """Returns the most resident memory that this process has had so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident_mb() -> float:
    """Returns the resident memory of this process, as Linux counts it, MiB."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


def measured_apart(module: str, path: str) -> dict[str, Any]:
    """Runs a benchmark with ``--measure PATH`` in a new process and returns its figures.

    Args:
      module: name of the benchmark's module, such as "benchmarks.leak_scale". It prints its
        figures as one line of JSON, the last one of its output.
      path: of the data that the benchmark has drawn.
    """
    command = [sys.executable, "-m", module, "--measure", path]
    process = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, Any] = json.loads(process.stdout.splitlines()[-1])
    return figures
