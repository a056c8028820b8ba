"""Time and memory of hostile photos in requests to the servable, and of large sound ones.

A network that costs nothing stands for EfficientNetB0, so that time and memory are those of what
comes before it. Each photo is asked alone first; then, but for two large sound ones, in 16 requests
at a time, beside a sound photo in each. Memory is the process' peak above that at rest, the
requests' own bytes included. On a machine with other work ``cpu_ms`` is more reliable than ``ms``.
Prints a line of JSON for each photo.

    uv run python -m benchmarks.serving_bombs
"""

import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks import flags, pictures
from benchmarks.serving_speed import RESOLUTION, decoding_alone
from models.servable import export
from models.servable.serving_spec import ServingSpec
from schemas import signatures
from schemas.labels import DEFAULT_MOODS
from testing import bombs, memory

IN_FLIGHT = 16


def large_photos() -> dict[str, bytes]:
    """Returns photos that are within the limits and take much to decode."""
    return {
        "GIF of 4,000 x 4,000, 50 frames": bombs.gif_of_frames(4000, 4000, 50),
        "PNG of 8,000 x 8,000": bombs.png(8000, 8000),
    }


def sound_photos() -> dict[str, bytes]:
    """Returns photos as cameras make them."""
    phone = pictures.photo(3024, 4032, 0)
    return {
        "JPEG of 1,080 x 1,920": pictures.jpeg(pictures.photo(1080, 1920, 0), 90, "4:2:0"),
        "JPEG of 3,024 x 4,032": pictures.jpeg(phone, 90, "4:2:0"),
    }


class Asking:
    """Requests to a loaded servable."""

    def __init__(self, servable: Any) -> None:
        self._predict = servable.signatures[signatures.SERVE_IMAGE]
        self._neighbour = pictures.jpeg(pictures.photo(480, 640, 1), 90, "4:2:0")
        self._alone = self._ask([self._neighbour])[signatures.PROBABILITIES]

    def figures(self, photo: bytes, in_flight: int) -> dict[str, Any]:
        """Returns what a photo takes alone, and in a number of requests at once; 0 is none."""
        status = self._ask([photo])[signatures.STATUS][0].decode()
        figures = {"bytes": len(photo), "status": status, **self._measured([photo], 1)}
        if in_flight:
            several = self._measured([photo, self._neighbour], in_flight)
            figures |= {f"{name}_of_{in_flight}": value for name, value in several.items()}
        return figures

    def _measured(self, photos: list[bytes], requests: int) -> dict[str, float]:
        rest = memory.resident_mb()
        memory.forget_peak()
        clock, cpu = time.perf_counter(), time.process_time()
        with ThreadPoolExecutor(requests) as pool:
            answers = list(pool.map(self._ask, [photos] * requests))
        clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
        for answer in answers if len(photos) > 1 else ():
            neighbour = answer[signatures.PROBABILITIES][1:]
            np.testing.assert_allclose(neighbour, self._alone, atol=1e-6)
        return {
            "ms": round(1e3 * clock, 1),
            "cpu_ms": round(1e3 * cpu, 1),
            "mb": round(memory.peak_mb() - rest, 1),
        }

    def _ask(self, photos: list[bytes]) -> dict[str, Any]:
        answer = self._predict(image_bytes=tf.constant(photos))
        return {name: tensor.numpy() for name, tensor in answer.items()}


def main() -> int:
    """Prints the figures; returns 0."""
    flags.parser(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        spec = ServingSpec(DEFAULT_MOODS, RESOLUTION, 0.05)
        export.write_servable(decoding_alone(), spec, "none", folder)
        asking = Asking(tf.saved_model.load(str(Path(folder))))
    asking.figures(sound_photos()["JPEG of 1,080 x 1,920"], IN_FLIGHT)
    hostile = {name: make() for name, make in bombs.bombs().items()}
    for name, photo in (hostile | sound_photos()).items():
        print(json.dumps({"photo": name, **asking.figures(photo, IN_FLIGHT)}), flush=True)
    for name, photo in large_photos().items():
        print(json.dumps({"photo": name, **asking.figures(photo, 0)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
