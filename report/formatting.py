"""Texts of times, scores and paths, for the terminal and for the report's page."""

import os
from pathlib import Path

from schemas.documents.training import Training


def clock_text(seconds: float | None, missing: str = "-") -> str:
    """Returns ``"0:07"``, ``"12:07"`` or ``"3:12:07"``; ``missing`` for None."""
    if seconds is None:
        return missing
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def duration_text(seconds: float | None, missing: str = "-") -> str:
    """Returns ``"7.1 s"`` below a minute and ``"12:07"`` above; ``missing`` for None."""
    if seconds is not None and seconds < 59.95:
        return f"{seconds:.1f} s"
    return clock_text(seconds, missing)


def score_text(score: float | None, missing: str = "-") -> str:
    """Returns a score in [0, 1] with three decimals; ``missing`` for None."""
    return missing if score is None else f"{score:.3f}"


def path_text(path: Path) -> str:
    """Returns a path below the current folder relative to it, and another one whole."""
    relative = os.path.relpath(path)
    return relative if not relative.startswith("..") else str(path)


def size_text(size: int) -> str:
    """Returns ``"0 B"``, ``"17.4 kB"`` or ``"42.0 GB"``, in powers of 1,000."""
    if size < 1000:
        return f"{size} B"
    scaled = float(size)
    for unit in ("kB", "MB", "GB"):
        scaled /= 1000
        if scaled < 999.95:
            return f"{scaled:.1f} {unit}"
    return f"{scaled / 1000:.1f} TB"


def training_text(training: Training) -> str:
    """Returns ``"NVIDIA H100, bfloat16, 2,100 images/s"``."""
    xla = " with XLA" if training["xla"] else ""
    text = f"{training['device'] or 'CPU'}, {training['precision']}{xla}"
    speed = training["images_per_second"]
    return f"{text}, {speed:,.0f} images/s" if speed is not None else text
