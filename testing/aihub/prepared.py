"""Settings and tables of a preparation."""

import csv
from pathlib import Path
from typing import Any

from dataset.aihub.preparation import PrepareSettings


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def settings(**changes: Any) -> PrepareSettings:
    return PrepareSettings(**({"workers": 1, "chunk_clips": 5} | changes))
