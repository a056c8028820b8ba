"""How fast ``inference.py --csv`` labels photos, beside what the servable alone does.

EfficientNetB0 at 224 pixels with random weights; photos of 480 x 640 with a box each. The servable
alone is asked in this process, in batches of 32, for the same photos that already lie in memory:
the rest is what reading, checking, turning upright and writing the table cost. Both take turns.

    uv run python -m benchmarks.labelling_speed
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

import tensorflow as tf

from benchmarks import pictures
from models.network import classifier
from models.servable import export
from models.servable.signatures import ServingSpec
from models.settings import ModelSettings
from schemas import signatures
from schemas.labels import DEFAULT_MOODS

SIDE = 224
PHOTOS = 64
BATCH = 32
BOX = (60, 80, 360, 480)
"""(y, x, height, width), pixels."""


def labelled(version: Path, csv: Path, out: Path) -> float:
    """Runs ``inference.py`` and returns its seconds."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "inference.py", "--weight_path", version, "--csv", csv, "--out", out],
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - start


def alone(version: Path, photos: list[bytes], rows: int) -> float:
    """Returns the seconds in which the servable answers for as many rows."""
    predict = tf.saved_model.load(str(version)).signatures[signatures.SERVE_BOX]
    source = cycle(photos)
    boxes = tf.constant([BOX] * BATCH, tf.int64)
    predict(image_bytes=tf.constant(list(islice(source, BATCH))), box=boxes)
    start = time.perf_counter()
    for _ in range(rows // BATCH):
        predict(image_bytes=tf.constant(list(islice(source, BATCH))), box=boxes)
    return time.perf_counter() - start


def main() -> int:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--rows", type=int, default=2048, help="in the longer of two tables")
    parser.add_argument("--rounds", type=int, default=3)
    expected = parser.parse_args()
    photos = [pictures.jpeg(pictures.photo(480, 640, seed), 90, "4:2:0") for seed in range(PHOTOS)]
    # Two lengths, so that starting Python and loading the model are not counted.
    short, long = expected.rows // 4, expected.rows
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for place, photo in enumerate(photos):
            (folder / f"{place}.jpg").write_bytes(photo)
        version = folder / "pet_mood" / "1"
        model = classifier.build(ModelSettings(weights="none", resolution=SIDE), len(DEFAULT_MOODS))
        export.write_servable(model, ServingSpec(DEFAULT_MOODS, SIDE, 0.05), "none", str(version))
        box = ",".join(map(str, BOX))
        rates: dict[str, list[float]] = {"inference.py": [], "servable alone": []}
        for turn in range(expected.rounds):
            seconds = []
            for rows in (short, long):
                csv = folder / f"{rows}.csv"
                lines = (f'{row % PHOTOS}.jpg,"{box}"' for row in range(rows))
                csv.write_text("\n".join(["image_path,bbox", *lines, ""]), "utf-8")
                seconds.append(labelled(version, csv, folder / f"{turn}-{rows}.csv"))
            rates["inference.py"].append((long - short) / (seconds[1] - seconds[0]))
            rates["servable alone"].append(long / alone(version, photos, long))
    figures = {name: round(statistics.median(each), 1) for name, each in rates.items()}
    share = figures["inference.py"] / figures["servable alone"]
    print(json.dumps({"rows": long, "images_per_s": figures, "share": round(share, 2)}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
