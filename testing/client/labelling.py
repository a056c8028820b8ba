"""Photos to label, a queue of them, and what comes back."""

import csv
from pathlib import Path
from typing import Any

from PIL import Image

from client.labelling.__main__ import main
from schemas.labels import DEFAULT_MOODS

ANGRY, FEARFUL, HAPPY = DEFAULT_MOODS[:3]


def row(image: str, bbox: str, *probabilities: float) -> dict[str, Any]:
    values = [*probabilities, *(0.0,) * (6 - len(probabilities))]
    cells = {
        f"probability_{mood}": value for mood, value in zip(DEFAULT_MOODS, values, strict=True)
    }
    return {"image": image, "bbox": bbox, **cells}


def picture(path: Path, colour: str = "grey", turned: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    if turned:
        exif[0x0112] = 6
    Image.new("RGB", (200, 100), colour).save(path, exif=exif)


def queued(folder: Path, *flags: str) -> Path:
    out = folder / "queue"
    arguments = ["queue", "--predictions", str(folder / "predicted.csv"), "--out", str(out)]
    assert main([*arguments, *flags]) == 1  # One photo is not there.
    return out


def read(folder: Path, export: Path) -> tuple[int, list[dict[str, str]], list[dict[str, str]]]:
    out = folder / "labelled.csv"
    arguments = ["--queue", str(folder / "queue"), "--export", str(export), "--out", str(out)]
    code = main(["read", *arguments])

    def rows(path: Path) -> list[dict[str, str]]:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return code, rows(out), rows(folder / "labelled_rejects.csv")
