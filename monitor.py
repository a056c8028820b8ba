#!/usr/bin/env python
# PYTHON_ARGCOMPLETE_OK
"""Compares the requests that a model has answered with what it was evaluated on.

    uv run python monitor.py drift --log build/requests --run build/run
    uv run python monitor.py shadow --log build/requests --first VERSION --second VERSION

drift: image facts (brightness, contrast, sharpness, box area), predicted moods, and the shares of
unsure answers, of photos without an animal and of unusable photos, window by window; how often each
mood really is, and macro-F1 with these shares. It prints what it finds, and writes drift.html (a
page in Korean and English), drift.json and drift.md into --out. shadow: two pushed versions on the
photos of a log, which must have kept photos (serve.py --set log.photos=true).

Exit codes of drift: 0 nothing has changed, 1 something has, 2 wrong arguments or files, 3 too few
requests to tell. Of shadow: 0 done, 2 wrong arguments or files, 3 the log has no photos.
"""

import sys
from pathlib import Path

from system.command_line import CommandLine

COMMANDS = ("drift", "shadow")
_SHADOW = ("first", "second", "photos")


def _parser() -> CommandLine:
    parser = CommandLine(__doc__ or "", "COMMAND --log FOLDER [flags]")
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="see above")
    parser.add_argument(
        "--log", type=Path, required=True, metavar="FOLDER", help="of serve.py's request log"
    )
    parser.add_argument(
        "--run", type=Path, metavar="FOLDER", help="output folder of the run that made the model"
    )
    parser.add_argument(
        "--predictions",
        type=Path,
        metavar="FILE",
        help="in place of --run: the run's predictions.parquet",
    )
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="FOLDER",
        help="log of earlier requests that were found good, in place of the run's eval rows",
    )
    parser.add_argument(
        "--version-number",
        type=int,
        metavar="N",
        dest="version",
        help="only requests that this version has answered (default: all)",
    )
    for flag, which in (("--since", "earliest"), ("--until", "latest")):
        parser.add_argument(
            flag, metavar="TIME", help=f"{which} time, such as 2026-03-01 (UTC; default: all)"
        )
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="for the documents (default: the log's)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of words")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="overrides",
        help="one setting of the group drift; may be given several times",
    )
    parser.add_argument("--first", type=Path, metavar="PATH", help="of shadow: a pushed version")
    parser.add_argument("--second", type=Path, metavar="PATH", help="of shadow: another one")
    parser.add_argument(
        "--photos",
        type=int,
        default=1000,
        metavar="N",
        help="of shadow: at most so many photos, the newest (default: %(default)s)",
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    args = vars(_parser().parse_args(arguments))
    command = args.pop("command")
    shadow = {name: args.pop(name) for name in _SHADOW}
    args["overrides"] = tuple(args["overrides"])
    # Not above: --help and wrong flags need not wait for them.
    if command == "shadow":
        from monitoring.shadow import ShadowRequest
        from monitoring.shadow import run as run_shadow

        return run_shadow(ShadowRequest(args["log"], out=args["out"], json=args["json"], **shadow))
    from monitoring.command import DriftRequest, run

    return run(DriftRequest(**args))


if __name__ == "__main__":
    sys.exit(main())
