"""The labelling's speed with a SavedModel, ONNX and OpenVINO: images a second, and single photos.

The network is EfficientNetB0 at 224 pixels with random weights. The photos have 480 x 640 pixels
and a box each, are in memory, and are decoded by each side. The sides take turns in one process,
and their answers are compared. CPU seconds are told too: other programs on the machine move them
less.

    uv run --extra export python -m benchmarks.export_speed
"""

import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import flags, pictures
from client.backends.model import Model, Response
from client.backends.model_source import ModelFlags, find_model_source
from dataset.boxes import PixelBox
from models.exporting.conversion import Converter
from models.network import classifier
from models.servable import export
from models.servable.serving_spec import ServingSpec
from models.settings.network import ModelSettings
from schemas import exports, signatures
from schemas.labels import DEFAULT_MOODS

RESOLUTION = 224
BATCH_SIZE = 32
BOX = PixelBox(60, 80, 360, 480)
SAVED_MODEL = "saved_model"
FORMATS = (exports.ONNX, exports.OPENVINO)
SINGLES = 10
"""Single photos of each turn."""


def models(folder: Path) -> dict[str, Model]:
    """Writes the servable and its exports, and returns each side's model."""
    network = classifier.build(
        ModelSettings(weights="none", resolution=RESOLUTION), len(DEFAULT_MOODS)
    )
    spec = ServingSpec(DEFAULT_MOODS, RESOLUTION, 0.05)
    export.write_servable(network, spec, "none", str(folder / SAVED_MODEL))
    converter = Converter(network, np.zeros((0, RESOLUTION, RESOLUTION, 3), np.uint8))
    for name in FORMATS:
        (folder / name).mkdir()
        converter.write(name, folder / name)
        for asset in (signatures.LABELS_ASSET, signatures.SPEC_ASSET):
            shutil.copy(folder / SAVED_MODEL / signatures.EXTRAS_FOLDER / asset, folder / name)
    return {
        name: find_model_source(ModelFlags(folder / name)).load()
        for name in (SAVED_MODEL, *FORMATS)
    }


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Returns a call's seconds by the clock and of the CPUs."""
    clock, cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - clock, time.process_time() - cpu


def largest_difference(one: list[Response], other: list[Response]) -> float:
    """Returns the largest difference of a probability."""
    return max(
        abs(first.probabilities[name] - second.probabilities[name])
        for first, second in zip(one, other, strict=True)
        for name in first.probabilities
    )


def measure(folder: Path, rounds: int) -> dict[str, dict[str, float]]:
    """Returns the figures of each side."""
    photos = [
        pictures.jpeg(pictures.photo(480, 640, seed), 90, "4:2:0") for seed in range(BATCH_SIZE)
    ]
    boxes = [BOX] * BATCH_SIZE
    sides = models(folder)
    answers = {}
    for name, model in sides.items():
        model.predict(photos[:1], boxes[:1])
        answers[name] = model.predict(photos, boxes)
    batches: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    singles: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, model in sides.items():
            batches[name].append(timed(partial(model.predict, photos, boxes)))
        for photo in photos[:SINGLES]:
            for name, model in sides.items():
                singles[name].append(timed(partial(model.predict, [photo], boxes[:1])))
    return {
        name: {
            "images_per_s": BATCH_SIZE / statistics.median(clock for clock, _ in batches[name]),
            "cpu_ms_per_image": 1000
            * statistics.median(cpu for _, cpu in batches[name])
            / BATCH_SIZE,
            "p50_ms_single": 1000 * statistics.median(clock for clock, _ in singles[name]),
            "cpu_ms_single": 1000 * statistics.median(cpu for _, cpu in singles[name]),
            "largest_difference": largest_difference(answers[name], answers[SAVED_MODEL]),
        }
        for name in sides
    }


def main() -> int:
    """Prints the figures as JSON; returns 0."""
    parser = flags.parser(__doc__)
    flags.add_rounds(parser, default=7)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), args.rounds)
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
