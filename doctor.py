#!/usr/bin/env python
# PYTHON_ARGCOMPLETE_OK
"""Examines this machine: will a run work here, and if not, why and what to do.

It needs no package, so that it works before anything is installed:

    python3 doctor.py
    uv run python doctor.py --train-csv data/train.csv --eval-csv data/val.csv

Nothing is sent anywhere: --network lets it ask Keras' store whether ImageNet's weights can be
downloaded, and --server the model server that you name. Neither names of users nor variables that
may hold secrets are printed.

Exit codes: 0 no fault (there may be warnings), 1 a fault that ends a run, 2 wrong flags.
"""

import sys

# Older ones cannot import the modules below, nor read newer syntax in this file.
if sys.version_info < (3, 10):  # noqa: UP036
    sys.stdout.write(
        "FAULT    Python               Python must be 3.10 to 3.13. Received: "
        + sys.version.split()[0]
        + "\n         -> uv downloads one that fits: ./install.sh (docs/install.md), or "
        "try uv run --no-project --python 3.10 python doctor.py\n"
    )
    sys.exit(1)

from pathlib import Path

from runner.doctor.command import DoctorRequest, absolute, run
from runner.doctor.machine import is_installed
from schemas.errors import ConfigError
from schemas.exit_codes import DoctorExit
from system.command_line import CommandLine
from system.printable import error_line

_CSVS = ("--train-csv", "--eval-csv", "--validation-csv", "--predict-csv")


def _parser() -> CommandLine:
    parser = CommandLine(__doc__ or "", "[--train-csv FILE] [--output FOLDER] [flags]")
    data = parser.add_argument_group("what a run is to be given; its own flags")
    for flag in _CSVS:
        data.add_argument(flag, type=Path, metavar="FILE", help="a table, to be examined too")
    data.add_argument("--image-root", type=Path, metavar="FOLDER", help="of relative image paths")
    data.add_argument("--labels", type=Path, metavar="FILE", help="label map")
    data.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help="folder of the results (default: build/run; build/sample without a table)",
    )
    data.add_argument("--preset", metavar="NAME", help="settings to start from")
    data.add_argument("--config", type=Path, metavar="FILE", dest="config_file", help="settings")
    data.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="overrides",
        help="one setting, such as model.weights=FILE; may be given several times",
    )
    asked = parser.add_argument_group("what is asked")
    asked.add_argument("--server", metavar="URL", default="", help="ask a model server too")
    asked.add_argument("--network", action="store_true", help="ask Keras' store for the weights")
    asked.add_argument(
        "--quick", action="store_true", help="do not load TensorFlow, which takes some 10 s"
    )
    asked.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    args = vars(_parser().parse_args(arguments))
    named = {flag: args[flag[2:].replace("-", "_")] for flag in _CSVS}
    csvs = {flag: absolute(path) for flag, path in named.items() if path is not None}
    output = args["output"] or Path("build/run" if csvs else "build/sample")
    weights = _weights_of(args["overrides"])
    run_request = None
    # Settings are read by packages that may not be installed yet.
    if is_installed():
        from runner.run_request import RunRequest

        fields = ("image_root", "labels", "output", "preset", "config_file")
        run_request = RunRequest(
            **{name: args[name] for name in fields},
            **{flag[2:].replace("-", "_"): path for flag, path in named.items()},
            overrides=tuple(args["overrides"]),
        )
        try:
            weights = weights or run_request.settings().model.weights
        except ConfigError as error:
            sys.stderr.write(error_line(error))
            return DoctorExit.CONFIG
    request = DoctorRequest(
        output=absolute(output),
        csvs=csvs,
        image_root=args["image_root"],
        weights=weights,
        server=args["server"],
        network=args["network"],
        devices=not args["quick"],
    )
    return run(request, run_request, as_json=args["json"])


def _weights_of(overrides: list[str]) -> str | None:
    """Returns the weights that --set names, before the packages that read settings are there."""
    names = [text.partition("=")[2] for text in overrides if text.startswith("model.weights=")]
    return names[-1] if names else None


if __name__ == "__main__":
    sys.exit(main())
