"""The table of the animals of earlier preparations, so that later clips do not change their names.

A model's split, and what an earlier model was trained on, hang on these names.
"""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from dataset.aihub.animals import AnimalsBy
from schemas.errors import ConfigError
from system.regular_files import open_regular

ANIMALS_CSV = "animals.csv"
ANIMALS_COLUMNS = ("clip", "group", "animals_by")


def read_known_animals(path: Path, by: AnimalsBy) -> dict[str, str]:
    """Returns the group of each clip of the table; {} if there is none, or by another grouping.

    Raises:
      ConfigError: the file is not such a table.
    """
    try:
        with open_regular(path) as file:
            rows = csv.reader(io.TextIOWrapper(file, encoding="utf-8", newline=""), strict=True)
            if tuple(next(rows, ())) != ANIMALS_COLUMNS:
                raise ValueError(f"its columns are not {', '.join(ANIMALS_COLUMNS)}")
            return {clip: group for clip, group, row_by in rows if row_by == by}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, csv.Error) as error:
        raise ConfigError(
            f"{path} must be the table of an earlier preparation ({error}). Remove it: animals may "
            "then get other names, and in one CSV another split."
        ) from error


def known_rows(groups: Mapping[str, str], by: AnimalsBy) -> list[tuple[str, str, str]]:
    """Returns the table's rows, sorted by clip."""
    return [(clip, group, by) for clip, group in sorted(groups.items())]
