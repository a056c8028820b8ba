"""The user's tables: whether they can be read, their photos be found, and their disk be had."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dataset.csv_rows import read_rows
from runner.doctor.finding import Finding, fault, ok, skipped
from runner.doctor.machine import is_installed
from schemas.errors import ConfigError, DataRefusedError

if TYPE_CHECKING:
    from runner.run_request import RunRequest

_CHECK = "data"
_LOOKED_FOR = 200
"""Photos that are looked for, evenly spread: plan looks for all."""


def check_tables(csvs: dict[str, Path], image_root: Path | None) -> Iterator[Finding]:
    """Yields whether tables can be read, and whether the photos of some rows are there.

    Args:
      csvs: by the flag that names them.
      image_root: folder that relative paths start from; None is each table's own.
    """
    for flag, csv in csvs.items():
        try:
            yield _check_table(flag, csv, image_root or csv.parent)
        except OSError as error:
            yield fault(
                _CHECK, f"{flag} must be a file that can be read. Received: {error}", "Correct it"
            )
        except DataRefusedError as error:
            yield fault(_CHECK, str(error), "The form of the tables is in README.md, Your own data")


def _check_table(flag: str, csv: Path, root: Path) -> Finding:
    paths: list[str] = []
    rows, stride = 0, 1
    for row in read_rows(str(csv), labelled=flag != "--predict-csv"):
        if rows % stride == 0:
            paths.append(row.image_path)
            if len(paths) == 2 * _LOOKED_FOR:
                paths, stride = paths[::2], 2 * stride
        rows += 1
    if not rows:
        return fault(_CHECK, f"{csv} has no rows", f"Give a table with rows to {flag}")
    local = [path for path in paths if "://" not in path]
    missing = [path for path in local if not (root / path.replace("\\", "/")).is_file()]
    if local and len(missing) == len(local):
        return fault(
            _CHECK,
            f"None of {len(local)} photos of {csv} was found below {root}, such as {missing[0]}",
            "--image-root names the folder that relative paths start from",
        )
    found = f"{csv}: {rows:,} rows"
    if missing:
        found += f"; {len(missing)} of {len(local)} photos that were looked for are missing"
    return ok(_CHECK, found)


def check_disk(request: "RunRequest") -> Finding:
    """Returns whether the disk has room for the run's data, as the run itself would ask."""
    if not is_installed():
        return skipped("disk for the data", "the packages that measure photos are not installed")
    from runner import disk_need

    try:
        inputs = request.inputs()
        # The run makes it.
        there = next(path for path in (inputs.output, *inputs.output.parents) if path.exists())
        need = disk_need.total(disk_need.estimate(request.settings(), inputs))
        disk_need.check_room(there, need)
    except ConfigError as error:
        return fault("disk for the data", str(error), "See the message")
    except DataRefusedError as error:
        return fault("disk for the data", str(error), "Correct the table")
    return ok("disk for the data", f"{need.bytes / 2**30:.2f} GiB for {need.rows:,} rows")
