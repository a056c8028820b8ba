#!/usr/bin/env python
# PYTHON_ARGCOMPLETE_OK
"""Brings a pushed version to TensorFlow Serving, step by step, and back.

    uv run python rollout.py fetch gs://BUCKET/serving/pet_mood --models models/pet_mood
    uv run python rollout.py first VERSION --models models/pet_mood
    uv run python rollout.py canary VERSION --models models/pet_mood --server http://localhost:8501
    uv run python rollout.py promote --server http://localhost:8501
    uv run python rollout.py rollback --server http://localhost:8501

Commands: fetch SOURCE copies the highest version of a folder or bucket (or --number N) into the
folder that the servers read; first VERSION writes the first models.config; canary VERSION loads a
version and points the label canary to it; promote [VERSION] points stable to it (default: the
canary's); rollback [VERSION] points stable back to the version before; retire VERSION unloads one;
status compares the file with the servers.

A label moves only once every server has the version AVAILABLE: name all of them. The file appears
whole; models.config.history.jsonl beside it has what it was before. A version is compared with its
manifest before the file names it.

Exit codes: 0 done; 1 a server has not come so far yet, or, of status, differs from the file: the
same command goes on; 2 wrong arguments or files; 3 a server cannot be reached, refuses the file,
or cannot load the version: the file is as it was before.
"""

import sys
from pathlib import Path
from typing import Any

from client.model_flags import add_access_flags
from system.command_line import CommandLine

COMMANDS = ("fetch", "first", "canary", "promote", "rollback", "retire", "status")


def _parser() -> CommandLine:
    parser = CommandLine(__doc__ or "", "COMMAND [VERSION | SOURCE] [flags]")
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="see above")
    parser.add_argument(
        "what", nargs="?", metavar="VERSION|SOURCE", help="a version's number; of fetch a folder"
    )
    parser.add_argument(
        "--config",
        type=Path,
        default=Path("deploy/serving/models.config"),
        metavar="FILE",
        help="TensorFlow Serving's file (default: %(default)s)",
    )
    parser.add_argument(
        "--models",
        type=Path,
        metavar="FOLDER",
        help="folder of the versions that the servers read, as this machine sees it",
    )
    parser.add_argument(
        "--base-path",
        default="/models/pet_mood",
        metavar="PATH",
        help="of first: the same folder as the servers see it (default: %(default)s)",
    )
    parser.add_argument(
        "--model", default="pet_mood", metavar="NAME", help="its name (default: %(default)s)"
    )
    parser.add_argument(
        "--number", dest="version", type=int, metavar="N", help="of fetch: which version to copy"
    )
    parser.add_argument(
        "--server",
        action="append",
        default=[],
        metavar="URL",
        help="a server that reads the file, http://HOST:8501 or grpc://HOST:8500; once for each",
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=300.0,
        metavar="SECONDS",
        help="longest time for each step (default: %(default)g)",
    )
    parser.add_argument(
        "--reload",
        action="store_true",
        help="tell servers of a new file at once, over grpc://; else they find it within 30 s "
        "(--model_config_file_poll_wait_seconds)",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=10.0,
        metavar="SECONDS",
        help="time limit of a question to a server (default: %(default)g)",
    )
    add_access_flags(parser)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    args = vars(_parser().parse_intermixed_args(arguments))
    # Not above: --help and wrong flags need not wait for it.
    from client.rollout.commands import run
    from client.rollout.rollout_request import RolloutRequest

    return run(RolloutRequest(**{**args, "server": tuple(args["server"])}), _bucket)


def _bucket(source: str) -> Any:
    # Not above: TFX takes 20 seconds to import.
    from components.serving_folder import BucketSource

    return BucketSource(source)


if __name__ == "__main__":
    sys.exit(main())
