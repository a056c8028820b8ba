"""Gives mutations of files to the code that takes them, and watches answers, time and memory.

    uv run python -m testing.fuzz --count 100000

Prints a line of JSON for each kind of input. Exit code 1: an answer that must not be, or more
memory than --max-mb. An input that crashes or blocks the process ends it; the last line on the
standard error names the mutations up to which all was well, and ``--first`` begins there.
A new kind is a module beside ``served_photos`` and a line in ``KINDS``.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from typing import TextIO

from testing.fuzz.fuzzing import Kind, fuzz


def _served_photos() -> Kind:
    from testing.fuzz.served_photos import ServedPhotos  # TensorFlow: 8 s.

    return ServedPhotos()


def _opened_photos() -> Kind:
    from testing.fuzz.opened_photos import OpenedPhotos

    return OpenedPhotos()


def _tables() -> Kind:
    from testing.fuzz.tables import Tables

    return Tables()


def _label_files() -> Kind:
    from testing.fuzz.label_files import LabelFiles

    return LabelFiles()


def _server_answers() -> Kind:
    from testing.fuzz.server_answers import ServerAnswers

    return ServerAnswers()


KINDS: dict[str, Callable[[], Kind]] = {
    "opened_photos": _opened_photos,
    "served_photos": _served_photos,
    "tables": _tables,
    "label_files": _label_files,
    "server_answers": _server_answers,
}


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}; all")
    parser.add_argument("--count", type=int, default=2_000, help="mutations of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first mutation")
    parser.add_argument("--max-mb", type=float, default=1_000, help="memory above rest, MiB")
    parser.add_argument("--hang-s", type=float, default=60, help="longest batch, seconds")
    args = parser.parse_args()
    if unknown := set(args.kinds) - set(KINDS):
        parser.error(f"KIND must be one of {', '.join(KINDS)}. Received: {', '.join(unknown)}")
    # Decoders written in C tell every fault there.
    with open(os.devnull, "wb") as nowhere, os.fdopen(os.dup(2), "w") as stderr:
        os.dup2(nowhere.fileno(), 2)
        return max([_run(name, args, stderr) for name in args.kinds or KINDS])


def _run(name: str, args: argparse.Namespace, stderr: TextIO) -> int:
    began = time.perf_counter()
    kind = KINDS[name]()

    def say(done: int) -> None:
        stderr.write(f"{name}: all well up to mutation {done}\n")
        stderr.flush()

    findings = fuzz(kind, args.seed, args.first, args.count, args.hang_s, stderr, say)
    figures = {"kind": name, "seed": args.seed, "first": args.first, "count": args.count}
    figures |= vars(findings) | {"seconds": round(time.perf_counter() - began, 1)}
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()
    return int(bool(findings.failures) or findings.peak_mb > args.max_mb)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.exit(main())
