"""Exports a network in a process of its own: converters can end the process that they work in.

Usage: python -m models.exporting.job JOB.json

Each format that is done, kept or refused, has its own file of results. So the caller knows which
one a process died of.
"""

import json
import shutil
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from models.exporting import conversion, gate, rows, runtimes
from schemas import exports, signatures
from schemas.documents.exports import Export
from system.files import remove, write_whole
from system.patterns import plain

BATCH = 32
"""Rows that a format is asked at a time."""
_TIMED = 15
"""Single pictures whose median time is told."""


class Split(TypedDict):
    """Shards of a split, and the number of Examples in all of them."""

    shards: list[str]
    total: int


class Job(TypedDict):
    """What the process is told.

    Attributes:
      checkpoint: file of the trained network, for Keras.
      servable: SavedModel that the formats are compared with.
      formats: to make, of ``exports.FORMATS``.
      eval, train: rows to compare on, and to calibrate 8 bits on.
      rows, calibration_rows: how many of them, at most.
      folder: gets a sub-folder for each format that is kept, and the files of results.
    """

    checkpoint: str
    servable: str
    formats: list[str]
    eval: Split
    train: Split
    rows: int
    calibration_rows: int
    folder: str


class Asked(TypedDict):
    """What each format was compared with; see ``gate.Reference``."""

    rows: int
    macro_f1: float
    macro_f1_interval: list[float]


def result_file(folder: Path, name: str) -> Path:
    """Returns the file of one format's result, ``documents.exports.Export``."""
    return folder / f"{name}.json"


def asked_file(folder: Path) -> Path:
    """Returns the file with ``Asked``."""
    return folder / "asked.json"


def refused(name: str, reason: str) -> Export:
    """Returns the result of a format that could not be made or asked."""
    return {
        "format": name,
        "kept": False,
        "reason": reason,
        "max_difference": None,
        "same_mood": None,
        "macro_f1": None,
        "bytes": None,
        "milliseconds": None,
    }


def main(path: str) -> None:
    """Does the job in a file."""
    tf.config.set_visible_devices([], "GPU")  # The formats are compared on a CPU.
    job: Job = json.loads(Path(path).read_text(encoding="utf-8"))
    folder = Path(job["folder"])
    network = keras.models.load_model(job["checkpoint"], compile=False)
    resolution = int(network.input_shape[1])
    eval_rows = rows.read(**job["eval"], count=job["rows"], resolution=resolution)
    with plain(job["servable"]) as servable:
        asked = _reference(servable, eval_rows)
    document: Asked = {
        "rows": len(eval_rows.records),
        "macro_f1": asked.macro_f1,
        "macro_f1_interval": [asked.low, asked.high],
    }
    write_whole(asked_file(folder), json.dumps(document))
    needs_calibration = any(exports.precision_of(name) == exports.INT8 for name in job["formats"])
    count = job["calibration_rows"] if needs_calibration else 0
    calibration = rows.read(**job["train"], count=count, resolution=resolution).pixels
    function = conversion.frozen(network)
    for name in job["formats"]:
        try:
            result = _exported(name, function, folder / name, calibration, eval_rows.pixels, asked)
        # Converters and runtimes raise whatever they like.
        except Exception as error:
            result = refused(name, f"{type(error).__name__}: {error}"[:1000])
        if not result["kept"]:
            remove(folder / name)
        write_whole(result_file(folder, name), json.dumps(result, ensure_ascii=False))


def _exported(
    name: str,
    function: object,
    folder: Path,
    calibration: npt.NDArray[np.uint8],
    pixels: npt.NDArray[np.uint8],
    asked: gate.Reference,
) -> Export:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    path = conversion.convert(name, function, folder, calibration)
    predict = runtimes.opened(path)
    answers = np.concatenate(
        [predict(pixels[i : i + BATCH]) for i in range(0, len(pixels), BATCH)]
    )
    parity = gate.compare(answers, asked, is_float32=not exports.precision_of(name))
    return {
        "format": name,
        "kept": parity.passed,
        "reason": parity.reason,
        "max_difference": _finite(parity.max_difference),
        "same_mood": parity.same_mood,
        "macro_f1": parity.macro_f1,
        "bytes": sum(file.stat().st_size for file in folder.iterdir()),
        "milliseconds": _milliseconds(predict, pixels),
    }


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None  # JSON has no NaN.


def _milliseconds(predict: runtimes.Predict, pixels: npt.NDArray[np.uint8]) -> float:
    seconds = []
    for turn in range(_TIMED + 1):
        start = time.perf_counter()
        predict(pixels[turn % len(pixels)][np.newaxis])
        seconds.append(time.perf_counter() - start)
    return 1000 * statistics.median(seconds[1:])  # The first one plans.


def _reference(servable: str, eval_rows: rows.Rows) -> gate.Reference:
    loaded = tf.saved_model.load(servable)
    predict = loaded.signatures[signatures.SERVE_EXAMPLE]
    outputs = [
        predict(tf.constant(eval_rows.records[i : i + BATCH]))
        for i in range(0, len(eval_rows.records), BATCH)
    ]
    probabilities = np.concatenate([each[signatures.PROBABILITIES].numpy() for each in outputs])
    names = [name.decode() for name in outputs[0][signatures.MOODS].numpy()[0]]
    return gate.reference(probabilities, _indices(eval_rows.labels, names), eval_rows.units)


def _indices(labels: Sequence[str], names: Sequence[str]) -> npt.NDArray[np.int64]:
    return np.array([names.index(label) for label in labels], np.int64)


if __name__ == "__main__":
    main(*sys.argv[1:])
