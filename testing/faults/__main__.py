"""Injects faults into everything that writes, at every system call that changes a file.

    python -m testing.faults                 # counts the points of each writer
    python -m testing.faults --inject 7      # every seventh of them, with each fault
    python -m testing.faults --inject 1      # all of them

Exit codes: 0 every promise was kept, 1 not.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from testing.faults.supervisor import why_not
from testing.faults.trial import FAULTS, Trials
from testing.faults.writer import Writer


def writers() -> dict[str, Writer]:
    """Returns all writers by name; TensorFlow and TFX are imported."""
    from testing.faults import plain_writers, tfx_writers

    every = [
        tfx_writers.ingest(),
        tfx_writers.backups(),
        tfx_writers.push(),
        plain_writers.labelling(".csv"),
        plain_writers.labelling(".parquet"),
        plain_writers.preparation(),
        plain_writers.run_report(),
        plain_writers.run_record(),
        plain_writers.drawn_sample(),
        plain_writers.kept_checkpoint(),
        plain_writers.metadata_claim(),
    ]
    return {writer.name: writer for writer in every}


def main() -> int:
    """Runs the command line and returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m testing.faults", description=__doc__)
    parser.add_argument("writers", nargs="*", help="names of writers (default: all)")
    parser.add_argument("--inject", type=int, default=0, metavar="N", help="every Nth point")
    parser.add_argument("--seed", type=int, default=0, help="of the first point")
    args = parser.parse_args()
    if reason := why_not():
        sys.stderr.write(f"error: {reason}\n")
        return 1

    broken = 0
    for name, writer in writers().items():
        if args.writers and name not in args.writers:
            continue
        started = time.monotonic()
        # In memory, where flushing costs nothing: its order is checked, not its speed.
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        folder = Path(tempfile.mkdtemp(prefix="pet-mood-faults-", dir=memory))
        try:
            trials = Trials(writer, folder)
            violations = [*trials.order_violations()]
            injected = 0
            if args.inject:
                first = random.Random(f"{args.seed} {name}").randrange(args.inject)
                for point in range(first, len(trials.changes), args.inject):
                    for fault in FAULTS:
                        injected += 1
                        violations += trials.inject(point, fault)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        for violation in violations:
            print(f"{violation.writer}: {violation.fault} at {violation.change}: {violation.what}")
        broken += len(violations)
        seconds = time.monotonic() - started
        print(
            f"{name:24} {len(trials.changes):5} points {injected:5} injected {seconds:6.1f} s",
            flush=True,
        )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
