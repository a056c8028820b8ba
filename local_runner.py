r"""Runs the whole pipeline here: photos with boxes in, a served model out.

Without --train-csv it draws a small sample of its own and shows on it that
everything works, in minutes and without a GPU:

    uv run python local_runner.py

With your data, CSVs with the columns image_path, bbox ("y,x,height,width" in
pixels of the upright photo) and labels (the mood, in Korean):

    uv run python local_runner.py \
        --train-csv data/train.csv --eval-csv data/val.csv \
        --set train.epochs=30 --set train.batch_size=32

What did not change since the last run with the same --output is reused. That
folder gets run.json (what was asked and what it came to), logs/, and
serving/pet_mood/<version>/, which TensorFlow Serving can be pointed at.
After Ctrl-C the same command goes on from the last finished step.

Exit codes: 0 a model was pushed, 2 settings or environment, 3 the data was
refused, 4 the model was not blessed, 1 anything else.
"""

import argparse
import sys
from pathlib import Path

from runner.local import run
from runner.run_request import RunRequest
from runner.settings_flags import add_labels_flag, add_settings_flags
from runner.settings_help import settings_text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=settings_text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
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
        help="rows to judge by (default: a share of --train-csv's clips)",
    )
    data.add_argument(
        "--image-root",
        type=Path,
        metavar="FOLDER",
        help="where relative image paths start (default: each CSV's folder)",
    )
    data.add_argument(
        "--predict-csv",
        type=Path,
        metavar="FILE",
        help="rows without moods: the model is asked for them once it is pushed",
    )
    add_labels_flag(data)
    how = parser.add_argument_group("how")
    how.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help="folder for all that is made (default: build/run; build/sample for the sample)",
    )
    add_settings_flags(how, None, "default; sample for the sample")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    args = vars(_parser().parse_args(arguments))
    return run(RunRequest(**{**args, "overrides": tuple(args["overrides"])}))


if __name__ == "__main__":
    sys.exit(main())
