"""How fast the servable answers, JPEG in and mood out, beside Keras' ``predict`` and PyTorch.

All have EfficientNetB0 at 224 pixels with random weights and get the same photos. Keras and
PyTorch decode and shrink with Pillow, one photo after another, as their users do. They take turns
in one run. Where the machine is busy with other work, a core's own seconds say more than the clock.

    python -m venv torchenv && torchenv/bin/pip install torch geffnet pillow numpy
    uv run python -m benchmarks.serving_speed --torch-python torchenv/bin/python

Without --torch-python the others are measured alone.
"""

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

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
Timed = Callable[[int], tuple[float, float]]
"""Answers that many pictures; returns the seconds, and those that all cores worked together."""


def servable(model: keras.Model, folder: Path, photos: list[bytes]) -> Timed:
    """The exported SavedModel, asked through its first signature."""
    spec = ServingSpec(DEFAULT_MOODS, SIDE, 0.05)
    export.write_servable(model, spec, "none", str(folder))
    predict = tf.saved_model.load(str(folder)).signatures[signatures.SERVE_IMAGE]

    def answer(encoded: list[bytes]) -> None:
        answers = predict(image_bytes=tf.constant(encoded))
        if set(answers[signatures.STATUS].numpy()) != {b"ok"}:
            raise ValueError(f"Photos that were just made are not answered: {answers}")

    return _timed(answer, photos)


def stock_keras(photos: list[bytes]) -> Timed:
    """Keras' own EfficientNetB0, asked by ``predict``."""
    model = keras.applications.EfficientNetB0(
        weights=None, input_shape=(SIDE, SIDE, 3), classes=len(DEFAULT_MOODS)
    )

    def answer(encoded: list[bytes]) -> None:
        model.predict(np.stack([_pixels(photo) for photo in encoded]), verbose=0)

    return _timed(answer, photos)


def decoding_alone() -> keras.Model:
    """A network that costs nothing: what is left of a servable's time is decoding and shrinking."""
    pixels = keras.Input((SIDE, SIDE, 3))
    few = keras.ops.cast(pixels[:, 0, : len(DEFAULT_MOODS), 0], "float32")
    return keras.Model(pixels, keras.layers.Softmax()(few))


@contextmanager
def pytorch(python: str, files: list[str]) -> Iterator[Timed]:
    """PyTorch in a process of its own, which waits while others have their turn."""
    script = str(Path(__file__).with_name("serving_torch.py"))
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    with subprocess.Popen(
        [python, script, *files],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise ValueError("The process has no pipes")
        if not process.stdout.readline().startswith("ready"):
            raise ValueError(f"{python} must have torch, geffnet and pillow; see its message above")

        def answer(count: int) -> tuple[float, float]:
            process.stdin.write(f"{count}\n")
            process.stdin.flush()
            seconds, work = map(float, process.stdout.readline().split())
            return seconds, work

        yield answer
        process.stdin.write("\n")


def measure(contestants: dict[str, Timed], rounds: int, calls: int) -> dict[str, Any]:
    """Lets the contestants take turns, and the first turn be for warming up.

    Args:
      contestants: by name.
      rounds: turns of each that count.
      calls: of one picture, in a turn; two of ``BATCH`` follow.
    """
    singles: dict[str, list[float]] = {name: [] for name in contestants}
    batches: dict[str, list[tuple[float, float]]] = {name: [] for name in contestants}
    for turn in range(rounds + 1):
        for name, answer in contestants.items():
            one = [answer(1)[0] for _ in range(calls)]
            many = [answer(BATCH) for _ in range(2)]
            if turn:
                singles[name] += one
                batches[name] += many
    return {
        name: {
            "p50_ms": round(1e3 * float(np.percentile(singles[name], 50)), 1),
            "p95_ms": round(1e3 * float(np.percentile(singles[name], 95)), 1),
            "p99_ms": round(1e3 * float(np.percentile(singles[name], 99)), 1),
            "images_per_s": round(BATCH / statistics.median(s for s, _ in batches[name]), 1),
            "images_per_core_second": round(
                BATCH / statistics.median(work for _, work in batches[name]), 1
            ),
        }
        for name in contestants
    }


def _timed(answer: Callable[[list[bytes]], None], photos: list[bytes]) -> Timed:
    source = cycle(photos)

    def timed(count: int) -> tuple[float, float]:
        encoded = list(islice(source, count))
        start, work = time.perf_counter(), time.process_time()
        answer(encoded)
        return time.perf_counter() - start, time.process_time() - work

    return timed


def _pixels(photo: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(photo)).convert("RGB")
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR))


def main() -> int:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--torch-python", help="a Python with torch, geffnet and pillow")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--calls", type=int, default=20, help="of one picture in a round")
    parser.add_argument("--height", type=int, default=480, help="of the photos, pixels")
    parser.add_argument("--width", type=int, default=640, help="of the photos, pixels")
    expected = parser.parse_args()
    photos = [
        pictures.jpeg(pictures.photo(expected.height, expected.width, seed), 90, "4:2:0")
        for seed in range(PHOTOS)
    ]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        files = [folder / f"{place}.jpg" for place in range(PHOTOS)]
        for file, photo in zip(files, photos, strict=True):
            file.write_bytes(photo)
        ours = classifier.build(ModelSettings(weights="none", resolution=SIDE), len(DEFAULT_MOODS))
        contestants = {
            "servable": servable(ours, folder / "servable", photos),
            "decoding alone": servable(decoding_alone(), folder / "decoding", photos),
            "keras predict": stock_keras(photos),
        }
        if expected.torch_python:
            torch = pytorch(expected.torch_python, [*map(str, files)])
            contestants["pytorch channels_last"] = stack.enter_context(torch)
        figures = measure(contestants, expected.rounds, expected.calls)
    rate = {name: row["images_per_s"] for name, row in figures.items()}
    print(
        json.dumps(
            {
                "photo": f"{expected.height} x {expected.width}, {len(photos[0]) >> 10} KiB",
                "rounds": expected.rounds,
                **figures,
                "decode_share": round(rate["servable"] / rate["decoding alone"], 3),
                "times": {
                    name: round(rate["servable"] / rate[name], 2)
                    for name in rate
                    if name not in ("servable", "decoding alone")
                },
            },
            indent=1,
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
