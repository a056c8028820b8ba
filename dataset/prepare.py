r"""Turns AI Hub's tree of label files and images into the CSVs that the pipeline reads.

    uv run python -m dataset.prepare --root data/aihub --out data/prepared

--root holds the folders of both splits, such as train and val or Training and Validation, in one of
AI Hub's layouts (docs/aihub.md). --out gets train.csv, val.csv, rejects.csv (refused label files
and frames, with reasons), missing.csv (annotated frames without an image), shared_animals.csv,
animals.csv and summary.json. Image paths are relative to --root, so that the pipeline is started
with

    uv run python local_runner.py --image-root data/aihub \
        --train-csv data/prepared/train.csv --eval-csv data/prepared/val.csv

After an interruption the same command goes on where it was.

Exit codes: 0 tables were written, whatever was refused; 2 wrong settings or environment; 3 not one
frame can be used; 130 interrupted; 1 anything else.
"""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    try:
        # Every worker process imports this module too, and would take 0.3 s longer to start.
        from dataset.aihub.command_line import run_command

        return run_command(arguments, __doc__ or "")
    except KeyboardInterrupt:  # While modules were loading; later run_command tells it.
        sys.stderr.write("error: Interrupted.\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
