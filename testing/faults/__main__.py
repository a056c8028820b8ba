"""Injects faults into everything that writes, at every system call that changes a file.

    python -m testing.faults                 # counts the changes of each writer
    python -m testing.faults --inject 7      # each fault at every seventh of them
    python -m testing.faults --inject 1      # each fault at all of them

Exit codes: 0 every promise was kept, 1 not.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from testing.faults.calls import Kind
from testing.faults.supervisor import why_not
from testing.faults.trial import FAULTS, Trials, Violation
from testing.faults.writer import Writer

_TFX = ("ingest", "training backup", "push")
NAMES = (
    "labelling, csv",
    "labelling, parquet",
    "dataset.prepare",
    "report",
    "run record",
    "drawn sample",
    "checkpoint of train.py",
    "metadata claim",
    *_TFX,
)
"""Writers, those without TensorFlow first: with it a process takes three times as long to fork."""
COLUMNS = tuple(kind.value for kind in Kind)


def writer_named(name: str) -> Writer:
    """Returns a writer, for whose code TensorFlow and TFX may be imported."""
    from testing.faults import plain_writers

    if name in _TFX:
        from testing.faults import tfx_writers

        return {
            "ingest": tfx_writers.ingest,
            "training backup": tfx_writers.backups,
            "push": tfx_writers.push,
        }[name]()
    return {
        "labelling, csv": lambda: plain_writers.labelling(".csv"),
        "labelling, parquet": lambda: plain_writers.labelling(".parquet"),
        "dataset.prepare": plain_writers.preparation,
        "report": plain_writers.run_report,
        "run record": plain_writers.run_record,
        "drawn sample": plain_writers.drawn_sample,
        "checkpoint of train.py": plain_writers.kept_checkpoint,
        "metadata claim": plain_writers.metadata_claim,
    }[name]()


class Counts(NamedTuple):
    """What was done with a writer.

    Attributes:
      changes: system calls of the undisturbed run, by kind.
      injected: faults.
      violations: promises that were broken.
    """

    changes: Counter[str]
    injected: int
    violations: list[Violation]


def enumerate_faults(name: str, every: int = 0, seed: int = 0) -> Counts:
    """Runs a writer once, and again with each fault at every Nth of its changes.

    Args:
      name: of the writer, one of ``NAMES``.
      every: 1 injects at all changes, 0 at none.
      seed: of the first change.
    """
    # In memory, where flushing costs nothing: its order is checked, not its speed.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="pet-mood-faults-", dir=memory))
    injected = 0
    try:
        trials = Trials(writer_named(name), folder)
        violations = [*trials.order_violations()]
        if every:
            first = random.Random(f"{seed} {name}").randrange(min(every, len(trials.changes)))
            for point in range(first, len(trials.changes), every):
                for fault in FAULTS:
                    injected += 1
                    violations += trials.inject(point, fault)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Counts(Counter(change.kind.value for change in trials.changes), injected, violations)


def main() -> int:
    """Runs the command line and returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m testing.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "writers", nargs="*", metavar="WRITER", help=f"one of: {'; '.join(NAMES)} (default: all)"
    )
    parser.add_argument("--inject", type=int, default=0, metavar="N", help="every Nth change")
    parser.add_argument("--seed", type=int, default=0, help="of the first change")
    args = parser.parse_args()
    if unknown := set(args.writers) - set(NAMES):
        parser.error(f"There is no writer {unknown.pop()!r}")
    if reason := why_not():
        sys.stderr.write(f"error: {reason}\n")
        return 1

    total, broken = Counter[str](), 0
    injected = 0
    print(_row("writer", *COLUMNS, "all", "faults", "failures"), flush=True)
    print(_row(*["---"] * (len(COLUMNS) + 4)))
    for name in NAMES:
        if args.writers and name not in args.writers:
            continue
        counts = enumerate_faults(name, args.inject, args.seed)
        for each in counts.violations:
            sys.stderr.write(f"{each.writer}: {each.fault} at {each.change}: {each.what}\n")
        print(_counted(name, counts.changes, counts.injected, len(counts.violations)), flush=True)
        total += counts.changes
        injected, broken = injected + counts.injected, broken + len(counts.violations)
    print(_counted("all", total, injected, broken))
    return 1 if broken else 0


def _counted(name: str, changes: Counter[str], injected: int, broken: int) -> str:
    return _row(name, *(changes[kind] for kind in COLUMNS), changes.total(), injected, broken)


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    sys.exit(main())
