"""Exports a network in a process of its own: converters can end the process that they work in.

Usage: python -m models.exporting.job JOB.json

Each format that is done, kept or refused, has its own file of results. So the caller knows which
one a process died of.
"""

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from models.exporting import conversion, gate, rows, runtimes
from models.exporting.locator_job import LocatorExporter
from schemas import exports, signatures
from schemas.documents.exports import Asked, Export, ExportJob
from system.files import remove, write_whole
from system.patterns import plain
from system.storage import local_copy

BATCH = 32
"""Rows that a format is asked at a time."""


def main(path: str) -> None:
    """Does the job in a file."""
    tf.config.set_visible_devices([], "GPU")  # The formats are compared on a CPU.
    job: ExportJob = json.loads(Path(path).read_text(encoding="utf-8"))
    folder = Path(job["folder"])
    with local_copy(job["checkpoint"]) as checkpoint:
        network = keras.models.load_model(checkpoint, compile=False)
    resolution = int(network.input_shape[1])
    eval_rows = rows.read(**job["eval"], count=job["rows"], resolution=resolution)
    with plain(job["servable"]) as servable:
        loaded = tf.saved_model.load(servable)
        asked = _reference(loaded, eval_rows)
        locators = _locators(job, loaded, servable)
    document: Asked = {
        "rows": len(eval_rows.records),
        "macro_f1": asked.macro_f1,
        "macro_f1_interval": [asked.low, asked.high],
    }
    needs_calibration = any(exports.precision_of(name) == exports.INT8 for name in job["formats"])
    count = job["calibration_rows"] if needs_calibration else 0
    calibration = rows.read(**job["train"], count=count, resolution=resolution).pixels
    converter = conversion.Converter(network, calibration)
    # From here on, what ends this process is a format's converter or runtime.
    write_whole(folder / exports.ASKED_JSON, json.dumps(document))
    for name in job["formats"]:
        try:
            result = _exported(name, converter, folder / name, eval_rows.pixels, asked)
        # Converters and runtimes raise whatever they like.
        except Exception as error:
            result = exports.refused(name, f"{type(error).__name__}: {error}"[:1000])
        if not result["kept"]:
            remove(folder / name)
        elif locators:
            # What ends this process now costs the locator, and not the network.
            _write(result, exports.network_file(folder, name))
            located = locators.export(name, folder / name, job["calibration_rows"])
            result = {**result, "locator": located, "bytes": _size(folder / name)}
        _write(result, exports.result_file(folder, name))


def _write(result: Export, path: Path) -> None:
    write_whole(path, json.dumps(result, ensure_ascii=False))


def _exported(
    name: str,
    converter: conversion.Converter,
    folder: Path,
    pixels: npt.NDArray[np.uint8],
    asked: gate.Reference,
) -> Export:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    path = converter.write(name, folder)
    predict = runtimes.opened(path)
    answers = np.concatenate([predict(pixels[i : i + BATCH]) for i in range(0, len(pixels), BATCH)])
    parity = gate.compare(answers, asked, is_float32=not exports.precision_of(name))
    return {
        "format": name,
        "kept": parity.passed,
        "reason": parity.reason,
        "max_difference": _finite(parity.max_difference),
        "same_mood": parity.same_mood,
        "macro_f1": parity.macro_f1,
        "bytes": _size(folder),
        "milliseconds": runtimes.milliseconds(predict, pixels),
        "locator": None,
    }


def _locators(job: ExportJob, loaded: Any, servable: str) -> LocatorExporter | None:
    """Returns what exports the servable's locator; None where it has none."""
    if not job["locator"]:
        return None
    with local_copy(job["locator"]) as path:
        locator = keras.models.load_model(path, compile=False)
    shards = (job["eval"]["shards"], job["train"]["shards"])
    return LocatorExporter(locator, loaded, servable, *shards)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None  # JSON has no NaN.


def _reference(loaded: Any, eval_rows: rows.Rows) -> gate.Reference:
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
