"""The file of a batch prediction: whether it may be written, and whether it is complete."""

import contextlib
import os
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from client.batch import output_table
from schemas import json_text
from schemas.errors import ConfigError
from system import files

JOINED = "whole.partial"
"""The file that the parts become, before it has its name."""
RESULT = "result.json"
"""The counts of that file, and its size and time: after a kill between its renaming and the end of
the clean-up the same command reports them."""


def check_out(out: Path) -> None:
    """Raises ConfigError if ``out`` exists or cannot be written."""
    if out.suffix not in (output_table.CSV, output_table.PARQUET):
        raise ConfigError(
            f"--out must end in {output_table.CSV} or {output_table.PARQUET}. Received: {out}"
        )
    if os.path.lexists(out) and not is_placeholder(out) and finished_file(out) is None:
        with contextlib.suppress(OSError):
            folder_of(out).rmdir()  # A kill at the very end of a run leaves it empty.
        raise already_there(out)
    if not out.parent.is_dir():
        raise ConfigError(f"--out must lie in a folder that exists. Received: {out}")


def already_there(out: Path) -> ConfigError:
    """Returns the error of a file that is not this command's to write."""
    return ConfigError(f"--out {out} already exists and is not overwritten. Name another file")


def folder_of(out: Path) -> Path:
    """Returns the folder of the parts, beside the file."""
    return out.with_name(out.name + ".parts")


def is_placeholder(out: Path) -> bool:
    """Returns whether a crash in ``system.files.put_new`` has left ``out`` empty."""
    return out.is_file() and out.stat().st_size == 0 and (folder_of(out) / JOINED).is_file()


class Finished(NamedTuple):
    """What is told of a file that is complete.

    Attributes:
      rows: in the file.
      errors: rows without a mood, by error.
      unsure: rows whose answer is unsure.
      job: everything apart from the inputs that the rows depend on.
    """

    rows: int
    errors: Counter[str]
    unsure: int
    job: object


def finished_file(out: Path) -> Finished | None:
    """Returns what a run that was killed after ``out`` was complete would have told, or None."""
    try:
        told = json_text.parsed(json_text.read(folder_of(out) / RESULT))
        if not isinstance(told, dict) or told["file"] != files.size_and_time(out):
            return None
        errors = Counter({str(error): int(count) for error, count in told["errors"].items()})
        return Finished(int(told["rows"]), errors, int(told.get("unsure", 0)), told["job"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
