#!/usr/bin/env python
# PYTHON_ARGCOMPLETE_OK
r"""Trains a model by the original project's command, through the whole pipeline.

    uv run python train.py --train ./data/train.csv --valid ./data/val.csv \
        --batch_size 64 --resolution 224 --learning_rate 5e-6 --epochs 100 \
        --train_base

The flags are translated into settings of local_runner.py, and the equal local_runner.py command is
printed first. Everything else is as there: photos cropped to their boxes, class weights with a
cap, warm-up and cosine annealing, label smoothing, the epoch with the best macro-F1 kept (the
original kept the best accuracy). --set changes that.

At the end the checkpoint OUTPUT/best.keras is named, with an inference.py command to try it.

Exit codes: 0 a model was pushed, 2 wrong settings or environment, 3 the data was refused, 4 the
model was not blessed (its checkpoint is there all the same), 1 anything else.
"""

import functools
import sys
from pathlib import Path

from runner import original_command, settings_help
from runner.local import run
from runner.settings_flags import add_labels_flag, add_print_flag, add_set_flag
from system.command_line import CommandLine


def _parser() -> CommandLine:
    parser = CommandLine(
        __doc__ or "",
        "--train CSV [--valid CSV] [--train_base] [flags]",
        topics=settings_help.topics(),
        flag_hint=settings_help.flag_hint,
    )
    flags = parser.add_argument_group("the original's flags, with its default values")
    flags.add_argument("--train", type=Path, required=True, metavar="CSV", help="rows to train on")
    flags.add_argument(
        "--valid",
        type=Path,
        metavar="CSV",
        help="rows to choose the epoch on and to judge the model on (default: data.eval_fraction "
        "of --train's clips; with --set data.validation_fraction=0.1 they judge alone)",
    )
    for name, setting, default in (
        ("--batch_size", "train.batch_size", original_command.BATCH_SIZE),
        ("--resolution", "model.resolution", original_command.RESOLUTION),
        ("--learning_rate", "train.learning_rate", original_command.LEARNING_RATE),
        ("--epochs", "train.epochs", original_command.EPOCHS),
    ):
        flags.add_argument(
            name, default=default, metavar="N", help=f"sets {setting} (default: {default})"
        )
    flags.add_argument(
        "--train_base",
        action="store_true",
        help="train the whole network (train.fine_tune=full); otherwise the backbone stays as it "
        "is (train.fine_tune=head)",
    )
    ours = parser.add_argument_group("flags of local_runner.py")
    add_labels_flag(ours)
    ours.add_argument(
        "--image-root",
        type=Path,
        metavar="FOLDER",
        help="folder that relative image paths start from (default: each CSV's folder)",
    )
    ours.add_argument(
        "--output", type=Path, metavar="FOLDER", help="folder for all results (default: build/run)"
    )
    add_set_flag(ours, over="; it wins over the flags above")
    add_print_flag(ours)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    args = vars(_parser().parse_args(arguments))
    print_config = args.pop("print_config")
    command = original_command.OriginalCommand(**{**args, "overrides": tuple(args["overrides"])})
    request = command.request()
    if print_config:
        return settings_help.print_config(request)
    print(f"The same as:\n  {original_command.local_runner_command(request)}\n", flush=True)
    return run(request, functools.partial(original_command.closing_lines, request))


if __name__ == "__main__":
    sys.exit(main())
