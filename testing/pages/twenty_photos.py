"""Twenty drawn photos with boxes and two moods, for those who follow docs/tutorial.md without any.

uv run python -m testing.pages.twenty_photos mypets
"""

import argparse
import csv
import json
import sys
from pathlib import Path

from dataset.sample.clips import draw_clip, plan_split
from dataset.sample.settings import SampleSettings
from schemas.labels import DEFAULT_MOODS, MOOD_IDS
from schemas.splits import TRAIN

MOODS = ("행복/즐거움", "편안/안정")
"""Of the sample, whose English identifiers are the tutorial's own moods."""
PHOTOS = 20
_SAMPLE = SampleSettings(
    train_clips=tuple(PHOTOS // len(MOODS) * (mood in MOODS) for mood in DEFAULT_MOODS),
    frames_per_clip=1,
    long_side=640,
    short_side=480,
    with_faults=False,
)


def write(folder: Path) -> None:
    """Writes photos/01.jpg to 20.jpg, photos.csv and labels.json."""
    (folder / "photos").mkdir(parents=True)
    with (folder / "photos.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["image_path", "bbox", "labels"])
        for number, plan in enumerate(plan_split(_SAMPLE, TRAIN), 1):
            (frame,) = draw_clip(plan, _SAMPLE)
            name = f"photos/{number:02}.jpg"
            frame.image.save(folder / name, quality=90)
            table.writerow([name, ",".join(map(str, frame.box)), MOOD_IDS[plan.mood]])
    labels = {MOOD_IDS[mood]: index for index, mood in enumerate(MOODS)}
    (folder / "labels.json").write_text(json.dumps(labels) + "\n", "utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="to write into; must not exist")
    folder = parser.parse_args(arguments).folder
    if folder.exists():
        parser.error(f"folder must not exist. Received: {folder}. Name another one, or remove it")
    write(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
