#!/usr/bin/env python
# PYTHON_ARGCOMPLETE_OK
"""Shows runs side by side: scores with paired intervals, settings and data that differ.

    uv run python compare.py build/first build/second
    uv run python compare.py build/run/runs/20261126-162840.json build/run --output build/compared

RUN is an output folder of local_runner.py or train.py (its last run), its run.json or report.json,
or a document of an earlier run in its folder runs. The first RUN is what the others are compared
with. Runs that were judged by the same rows have paired intervals, by animals or clips; others are
said not to be comparable row by row.

Exit codes: 0 compared; 1 compared, but not row by row; 2 wrong arguments or files.
"""

import sys
from pathlib import Path

from system.command_line import CommandLine


def _parser() -> CommandLine:
    parser = CommandLine(__doc__ or "", "RUN RUN [RUN ...] [flags]")
    parser.add_argument("runs", nargs="*", type=Path, metavar="RUN", help="see above")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help="folder for comparison.html and comparison.json (default: neither is written)",
    )
    parser.add_argument(
        "--json", dest="as_json", action="store_true", help="print the document as JSON"
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    args = _parser().parse_args(arguments)
    from runner.comparing.command import compare_runs

    return compare_runs(args.runs, args.output, as_json=args.as_json)


if __name__ == "__main__":
    sys.exit(main())
