"""Latency and images a second of the servable, Keras' ``predict`` and PyTorch, from JPEG to mood.

All sides have EfficientNetB0 at 224 pixels with random weights and get the same photos. Keras and
PyTorch decode and shrink with Pillow, one photo after another, as their users do. They take turns
in one run. On a machine with other work, images per CPU second (``images_per_core_second``) are
more reliable than those per second.

    uv run python -m benchmarks.serving_speed
"""

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

from benchmarks import flags, pictures
from models.network import classifier
from models.servable import export
from models.servable.serving_spec import ServingSpec
from models.settings.network import ModelSettings
from schemas import signatures
from schemas.labels import DEFAULT_MOODS
from testing.paths import ROOT

RESOLUTION = 224
PHOTOS = 64
BATCH_SIZE = 32
Side = Callable[[int], tuple[float, float]]
"""Predicts the given number of pictures; returns the seconds on the clock and of all cores."""


def servable(model: keras.Model, folder: Path, photos: list[bytes]) -> Side:
    """Exports a network and returns the SavedModel's first signature as a side."""
    spec = ServingSpec(DEFAULT_MOODS, RESOLUTION, 0.05)
    export.write_servable(model, spec, "none", str(folder))
    signature = tf.saved_model.load(str(folder)).signatures[signatures.SERVE_IMAGE]

    def predict(encoded: list[bytes]) -> None:
        outputs = signature(image_bytes=tf.constant(encoded))
        if set(outputs[signatures.STATUS].numpy()) != {signatures.STATUS_OK.encode()}:
            raise ValueError(f"Photos that were just drawn must be sound. Received: {outputs}")

    return _timed(predict, photos)


def stock_keras(photos: list[bytes]) -> Side:
    """Returns ``predict`` of Keras' own EfficientNetB0 as a side."""
    model = keras.applications.EfficientNetB0(
        weights=None, input_shape=(RESOLUTION, RESOLUTION, 3), classes=len(DEFAULT_MOODS)
    )

    def predict(encoded: list[bytes]) -> None:
        pixels = np.stack([pictures.resized(photo, RESOLUTION) for photo in encoded])
        model.predict(pixels, verbose=0)

    return _timed(predict, photos)


def decoding_alone() -> keras.Model:
    """Returns a network that costs nothing, so that a servable's time is decoding and shrinking."""
    pixels = keras.Input((RESOLUTION, RESOLUTION, 3))
    logits = keras.ops.cast(pixels[:, 0, : len(DEFAULT_MOODS), 0], "float32")
    return keras.Model(pixels, keras.layers.Softmax()(logits))


@contextmanager
def pytorch(command: str, files: list[str]) -> Iterator[Side]:
    """Yields PyTorch as a side: a process that waits while other sides have their turn.

    Args:
      command: the value of --torch.
      files: paths of the photos.
    """
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    with subprocess.Popen(
        [*command.split(), "-m", "benchmarks.serving_torch", *files],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdin and process.stdout
        requests, replies = process.stdin, process.stdout
        if not replies.readline().startswith("ready"):
            raise ValueError(
                "--torch must start a Python with torch, geffnet, numpy and pillow. "
                f"Received: {command}. Its own message is above"
            )

        def predict(count: int) -> tuple[float, float]:
            requests.write(f"{count}\n")
            requests.flush()
            clock, cpu = map(float, replies.readline().split())
            return clock, cpu

        yield predict
        requests.write("\n")


def measure(sides: dict[str, Side], rounds: int, calls: int) -> dict[str, Any]:
    """Lets the sides take turns, after one turn each as a warm-up, and returns their figures.

    Args:
      sides: by name.
      rounds: turns of each side that count.
      calls: predictions of one picture in a turn; two of ``BATCH_SIZE`` pictures follow.
    """
    singles: dict[str, list[float]] = {name: [] for name in sides}
    batches: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for turn in range(rounds + 1):
        for name, predict in sides.items():
            single = [predict(1)[0] for _ in range(calls)]
            batch = [predict(BATCH_SIZE) for _ in range(2)]
            if turn:
                singles[name] += single
                batches[name] += batch
    return {
        name: {
            "p50_ms": round(1e3 * float(np.percentile(singles[name], 50)), 1),
            "p95_ms": round(1e3 * float(np.percentile(singles[name], 95)), 1),
            "p99_ms": round(1e3 * float(np.percentile(singles[name], 99)), 1),
            "images_per_s": round(
                BATCH_SIZE / statistics.median(clock for clock, _ in batches[name]), 1
            ),
            "images_per_core_second": round(
                BATCH_SIZE / statistics.median(cpu for _, cpu in batches[name]), 1
            ),
        }
        for name in sides
    }


def _timed(predict: Callable[[list[bytes]], None], photos: list[bytes]) -> Side:
    source = cycle(photos)

    def timed(count: int) -> tuple[float, float]:
        encoded = list(islice(source, count))
        clock, cpu = time.perf_counter(), time.process_time()
        predict(encoded)
        return time.perf_counter() - clock, time.process_time() - cpu

    return timed


def main() -> int:
    """Prints the figures as JSON; returns 0."""
    parser = flags.parser(__doc__)
    flags.add_torch(parser)
    flags.add_rounds(parser, default=10)
    flags.add_number(
        parser, "--calls-per-round", 20, "predictions of one picture by each side in a round"
    )
    flags.add_number(parser, "--height", 480, "height of the photos, pixels")
    flags.add_number(parser, "--width", 640, "width of the photos, pixels")
    args = parser.parse_args()

    photos = [
        pictures.jpeg(pictures.photo(args.height, args.width, seed), 90, "4:2:0")
        for seed in range(PHOTOS)
    ]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        files = [folder / f"{index}.jpg" for index in range(PHOTOS)]
        for file, photo in zip(files, photos, strict=True):
            file.write_bytes(photo)
        network = ModelSettings(weights="none", resolution=RESOLUTION)
        ours = classifier.build(network, len(DEFAULT_MOODS))
        sides = {
            "servable": servable(ours, folder / "servable", photos),
            "decoding alone": servable(decoding_alone(), folder / "decoding", photos),
            "keras predict": stock_keras(photos),
        }
        if args.torch:
            torch = pytorch(args.torch, [*map(str, files)])
            sides["pytorch channels_last"] = stack.enter_context(torch)
        figures = measure(sides, args.rounds, args.calls_per_round)

    rates = {name: values["images_per_s"] for name, values in figures.items()}
    print(
        json.dumps(
            {
                "photo": f"{args.height} x {args.width}, {len(photos[0]) >> 10} KiB",
                "rounds": args.rounds,
                **figures,
                "decode_share": round(rates["servable"] / rates["decoding alone"], 3),
                "times": {
                    name: round(rates["servable"] / rate, 2)
                    for name, rate in rates.items()
                    if name not in ("servable", "decoding alone")
                },
            },
            indent=1,
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
