"""Exports the locator of a servable: the second half of a process of ``models.exporting.job``."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from models.exporting import conversion, locator_gate, runtimes
from models.exporting.locating import ExportedLocator
from models.inputs.prepared_photo import Limits, Outcome
from models.location import scenes, store
from schemas import exports, json_text, signatures
from schemas.documents.exports import LocatorExport
from schemas.documents.training import LocatorSpec

PHOTOS = 256
"""Stored frames of the eval split that each format is asked, at most."""
_BATCH = 32

Pixels = npt.NDArray[np.uint8]


class LocatorExporter:
    """Writes the locator in each format, asks it photos, and lets it pass or not."""

    def __init__(
        self, locator: keras.Model, loaded: Any, servable: str, shards: Sequence[str]
    ) -> None:
        """Asks the servable.

        Args:
          locator: of ``models.location.network``.
          loaded: the SavedModel that finds animals.
          servable: its folder.
          shards: of the eval split.
        """
        spec = json_text.read(Path(servable, signatures.EXTRAS_FOLDER, signatures.SPEC_ASSET))
        document: Any = json_text.parsed(spec)
        self._spec: LocatorSpec = document["locator"]
        self._limits = Limits(document["max_image_pixels"], document["max_image_bytes"])
        self._locator = locator
        records = store.scenes_of(shards, PHOTOS)
        self._jpegs = [scenes.parsed(tf.constant(record)).jpeg for record in records]
        asked = [
            loaded.signatures[signatures.SERVE_IMAGE](image_bytes=tf.stack(jpegs))
            for jpegs in _batches(self._jpegs)
        ]
        self._asked = locator_gate.Finds(
            *(
                np.concatenate([each[name].numpy() for each in asked]).astype(np.float32)
                for name in (signatures.FOUND, signatures.BOX)
            )
        )

    def export(self, name: str, folder: Path, calibration_rows: int) -> LocatorExport:
        """Returns what became of the locator in a format; its files stay if it is kept.

        Args:
          name: one of ``exports.FORMATS``.
          folder: of the format.
          calibration_rows: photos for formats of 8 bits.
        """
        try:
            return self._exported(name, folder, calibration_rows)
        # Converters and runtimes raise whatever they like.
        except Exception as error:
            _remove(folder)
            return refused(f"{type(error).__name__}: {error}"[:1000])

    def _exported(self, name: str, folder: Path, calibration_rows: int) -> LocatorExport:
        # The ranges of activations need no labels; that the gate asks these photos too would
        # flatter 8 bits a little.
        resolution = self._spec["resolution"]
        is_8_bits = exports.precision_of(name) == exports.INT8
        jpegs = self._jpegs[:calibration_rows] if is_8_bits else []
        calibration: Pixels = np.array(
            [scenes.as_seen(jpeg, resolution).numpy() for jpeg in jpegs], np.uint8
        ).reshape(-1, resolution, resolution, 3)
        converter = conversion.Converter(
            self._locator, calibration, exports.PLACES, exports.LOCATOR_FILES
        )
        path = converter.write(name, folder)
        finds = ExportedLocator(runtimes.opened(path), self._spec, self._limits).find(
            [jpeg.numpy() for jpeg in self._jpegs]
        )
        boxes = iter(finds.boxes)
        found = locator_gate.Finds(
            np.array(finds.scores, np.float32),
            np.array(
                [
                    next(boxes) if outcome == Outcome.OK else (0, 0, 0, 0)
                    for outcome in finds.outcomes
                ],
                np.float32,
            ),
        )
        is_float32 = not exports.precision_of(name)
        parity = locator_gate.compare(found, self._asked, is_float32=is_float32)
        size = sum(file.stat().st_size for file in folder.glob(f"{path.stem}.*"))
        if not parity.passed:
            _remove(folder)
        difference = parity.max_difference
        return {
            "kept": parity.passed,
            "reason": parity.reason,
            "max_difference": difference if np.isfinite(difference) else None,
            "same_finds": parity.same_finds,
            "bytes": size,
        }


def _batches(jpegs: Sequence[tf.Tensor]) -> Iterator[Sequence[tf.Tensor]]:
    return (jpegs[begin : begin + _BATCH] for begin in range(0, len(jpegs), _BATCH))


def refused(reason: str) -> LocatorExport:
    """Returns the result of a locator that could not be converted or asked."""
    return {
        "kept": False,
        "reason": reason,
        "max_difference": None,
        "same_finds": None,
        "bytes": None,
    }


def _remove(folder: Path) -> None:
    for file in folder.glob(Path(exports.LOCATOR_FILES[exports.ONNX]).stem + ".*"):
        file.unlink()
