#!/usr/bin/env python
# PYTHON_ARGCOMPLETE_OK
r"""Runs the whole pipeline on this machine: from photos with boxes to a pushed model.

Without --train-csv it draws a small sample and shows on it that everything works, in minutes and
without a GPU:

    uv run python local_runner.py

Your own data are CSVs with the columns image_path, bbox ("y,x,height,width" in pixels of the
upright photo) and labels (the mood, in Korean):

    uv run python local_runner.py \
        --train-csv data/train.csv --eval-csv data/val.csv \
        --set train.epochs=30 --set train.batch_size=32

This tells beforehand what such a run would find and need:

    uv run python local_runner.py --train-csv data/train.csv --dry-run

Results that did not change since the last run with the same --output are reused. That folder gets
report.html, run.json (what was asked for and what came of it), logs/, and
serving/pet_mood/<version>/ for TensorFlow Serving. After Ctrl-C the same command goes on from
the last finished step.

Nothing is removed unless you ask for it. This shows what is older than the newest two results of
each step; without --dry-run it is removed, but for what is served or still needed:

    uv run python local_runner.py --output build/run --prune --dry-run \
        --set retain.results=2

Exit codes: 0 a model was pushed, or a smoke test (--preset quick) passed, 2 wrong settings or
environment, 3 the data was refused, 4 the model was not blessed, 1 anything else. With --prune 0 is
done, 1 that something could not be removed.
"""

import sys
from pathlib import Path

from runner import settings_help
from runner.local import run
from runner.planning.command import plan
from runner.prune.command import prune
from runner.run_request import RunRequest
from runner.settings_flags import add_labels_flag, add_settings_flags
from system.command_line import CommandLine


def _parser() -> CommandLine:
    parser = CommandLine(
        __doc__ or "",
        "[--train-csv FILE] [--eval-csv FILE] [--validation-csv FILE] [--output FOLDER] [flags]",
        topics=settings_help.topics(),
        flag_hint=settings_help.flag_hint,
    )
    data = parser.add_argument_group("data")
    data.add_argument(
        "--train-csv",
        type=Path,
        metavar="FILE",
        help="rows to train on (default: the drawn sample)",
    )
    data.add_argument(
        "--eval-csv",
        type=Path,
        metavar="FILE",
        help="rows to judge the model on (default: data.eval_fraction of --train-csv's clips)",
    )
    data.add_argument(
        "--validation-csv",
        type=Path,
        metavar="FILE",
        help="rows to choose the epoch and the settings on, beside both others (default: "
        "data.validation_fraction of train's clips; where that is 0, --eval-csv's rows)",
    )
    data.add_argument(
        "--image-root",
        type=Path,
        metavar="FOLDER",
        help="folder that relative image paths start from (default: each CSV's folder)",
    )
    data.add_argument(
        "--predict-csv",
        type=Path,
        metavar="FILE",
        help="rows without moods, which the model predicts once it is pushed",
    )
    add_labels_flag(data)
    settings = parser.add_argument_group("output and settings")
    settings.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help="folder for all results (default: build/run; build/sample for the sample)",
    )
    settings.add_argument(
        "--mlflow",
        metavar="FOLDER|URI",
        help="write the run into MLflow too: its folder, or a server's address (extra mlflow)",
    )
    add_settings_flags(settings, None, "default; sample for the sample")
    removal = parser.add_argument_group("in place of a run")
    removal.add_argument(
        "--prune",
        action="store_true",
        help="remove old results in --output (retain.results says how many stay)",
    )
    removal.add_argument(
        "--dry-run",
        action="store_true",
        help="run nothing; tell what the tables hold, and the time, memory and disk of a run; with "
        "--prune: only print what would be removed",
    )
    removal.add_argument(
        "--json", action="store_true", help="with --dry-run: print one JSON document"
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    parser = _parser()
    args = vars(parser.parse_args(arguments))
    flags = ("print_config", "prune", "dry_run", "json")
    print_config, old, dry_run, as_json = (args.pop(name) for name in flags)
    request = RunRequest(**{**args, "overrides": tuple(args["overrides"])})
    if print_config:
        return settings_help.print_config(request)
    if as_json and (old or not dry_run):
        parser.error("--json goes with --dry-run. Received it without")
    if dry_run and not old:
        return plan(request, as_json=as_json)
    return prune(request, dry_run=dry_run) if old else run(request)


if __name__ == "__main__":
    sys.exit(main())
