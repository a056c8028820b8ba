"""Images a second of ``inference.py --csv``, and of the servable alone.

The servable is EfficientNetB0 at 224 pixels with random weights; the photos have 480 x 640 pixels
and a box each. The servable alone predicts the same photos from memory, in this process and in
batches of 32. The difference is the cost of reading, checking, turning upright and writing the
table. Both take turns.

    uv run python -m benchmarks.labelling_speed
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

import tensorflow as tf

from benchmarks import flags, pictures
from models.network import classifier
from models.servable import export
from models.servable.serving_spec import ServingSpec
from models.settings.network import ModelSettings
from schemas import signatures
from schemas.labels import DEFAULT_MOODS

RESOLUTION = 224
PHOTOS = 64
BATCH_SIZE = 32
BOX = (60, 80, 360, 480)
"""(y, x, height, width), pixels."""


def command_seconds(version: Path, csv_path: Path, out: Path) -> float:
    """Runs ``inference.py`` on a CSV and returns its seconds."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "inference.py", "--weight_path", version, "--csv", csv_path, "--out", out],
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - start


def servable_seconds(version: Path, photos: list[bytes], rows: int) -> float:
    """Returns the seconds that the servable alone takes for as many rows."""
    predict = tf.saved_model.load(str(version)).signatures[signatures.SERVE_BOX]
    source = cycle(photos)
    boxes = tf.constant([BOX] * BATCH_SIZE, tf.int64)
    predict(image_bytes=tf.constant(list(islice(source, BATCH_SIZE))), box=boxes)
    start = time.perf_counter()
    for _ in range(rows // BATCH_SIZE):
        predict(image_bytes=tf.constant(list(islice(source, BATCH_SIZE))), box=boxes)
    return time.perf_counter() - start


def measure(folder: Path, rows: int, rounds: int) -> dict[str, list[float]]:
    """Writes photos, tables and the servable, and returns each side's images a second by round.

    Args:
      folder: for all files.
      rows: of the longer one of two tables.
      rounds: turns of each side.
    """
    photos = [pictures.jpeg(pictures.photo(480, 640, seed), 90, "4:2:0") for seed in range(PHOTOS)]
    for index, photo in enumerate(photos):
        (folder / f"{index}.jpg").write_bytes(photo)
    version = folder / "pet_mood" / "1"
    network = ModelSettings(weights="none", resolution=RESOLUTION)
    model = classifier.build(network, len(DEFAULT_MOODS))
    export.write_servable(model, ServingSpec(DEFAULT_MOODS, RESOLUTION, 0.05), "none", str(version))

    # The difference of two lengths leaves out starting Python and loading the model.
    lengths = (rows // 4, rows)
    box = ",".join(map(str, BOX))
    for length in lengths:
        lines = (f'{row % PHOTOS}.jpg,"{box}"' for row in range(length))
        text = "\n".join(["image_path,bbox", *lines, ""])
        (folder / f"{length}.csv").write_text(text, "utf-8")

    rates: dict[str, list[float]] = {"inference.py": [], "servable alone": []}
    for turn in range(rounds):
        short, long = (
            command_seconds(version, folder / f"{length}.csv", folder / f"{turn}-{length}.csv")
            for length in lengths
        )
        rates["inference.py"].append((lengths[1] - lengths[0]) / (long - short))
        rates["servable alone"].append(rows / servable_seconds(version, photos, rows))
    return rates


def main() -> int:
    """Prints the figures as JSON; returns 0."""
    parser = flags.parser(__doc__)
    flags.add_rows(parser, 2048)
    flags.add_rounds(parser, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rates = measure(Path(folder), args.rows, args.rounds)
    figures = {name: round(statistics.median(values), 1) for name, values in rates.items()}
    share = figures["inference.py"] / figures["servable alone"]
    print(
        json.dumps({"rows": args.rows, "images_per_s": figures, "share": round(share, 2)}, indent=1)
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
