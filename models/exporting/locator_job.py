"""Exports the locator of a servable: the second half of a process of ``models.exporting.job``."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dataset.boxes import PixelBox
from models.exporting import conversion, locating, locator_gate, runtimes
from models.inputs.prepared_photo import Limits, Outcome
from models.location import decoding, judging, scenes, store
from schemas import exports, json_text, signatures
from schemas.documents.exports import LocatorExport
from schemas.documents.training import LocatorSpec

PHOTOS = 256
"""Stored frames of the eval split that each format is asked, at most, and as many pictures of
background."""
_BATCH = 32
_SIDES = 4
"""Cut-outs of a frame, at most: above, below, left and right of its animals."""
_SHARDS = 16
"""Shards whose stored frames are read: from a bucket each is read whole."""

Pixels = npt.NDArray[np.uint8]


class LocatorExporter:
    """Writes the locator in each format, asks it pictures, and lets it pass or not."""

    def __init__(
        self,
        locator: keras.Model,
        loaded: Any,
        servable: str,
        eval_shards: Sequence[str],
        train_shards: Sequence[str],
    ) -> None:
        """Asks the servable.

        Args:
          locator: of ``models.location.network``.
          loaded: the SavedModel that finds animals.
          servable: its folder.
          eval_shards: to ask on.
          train_shards: to calibrate 8 bits on.
        """
        spec = json_text.read(Path(servable, signatures.EXTRAS_FOLDER, signatures.SPEC_ASSET))
        document: Any = json_text.parsed(spec)
        self._spec: LocatorSpec = document["locator"]
        limits = Limits(document["max_image_pixels"], document["max_image_bytes"])
        self._reader = locating.reader_for(self._spec, limits)
        self._locator = locator
        self._train_shards = train_shards
        found = _scenes(eval_shards, PHOTOS)
        self._photos = len(found)
        self._pictures = [bytes(scene.jpeg.numpy()) for scene in found]
        self._pictures += islice(_background(found), PHOTOS)
        self._asked = _answers(loaded, self._pictures) if found else None

    def export(self, name: str, folder: Path, calibration_rows: int) -> LocatorExport:
        """Returns what became of the locator in a format; its files stay if it is kept.

        Args:
          name: one of ``exports.FORMATS``.
          folder: of the format.
          calibration_rows: pictures for formats of 8 bits.
        """
        try:
            result = self._exported(name, folder, calibration_rows)
        # Converters and runtimes raise whatever they like.
        except Exception as error:
            result = exports.refused_locator(f"{type(error).__name__}: {error}"[:1000])
        if not result["kept"]:
            exports.remove_locator(folder)
        return result

    def _exported(self, name: str, folder: Path, calibration_rows: int) -> LocatorExport:
        if self._asked is None:
            return exports.refused_locator(
                "it must be asked photos. Received: no eval row with a stored frame"
            )
        is_8_bits = exports.precision_of(name) == exports.INT8
        converter = conversion.Converter(
            self._locator,
            self._calibration(calibration_rows if is_8_bits else 0),
            exports.PLACES,
            exports.LOCATOR_FILES,
        )
        path = converter.write(name, folder)
        predict = runtimes.opened(path)
        locator = locating.ExportedLocator(predict, self._spec, self._reader)
        found = _joined([_placed(locator.find(batch)) for batch in _batches(self._pictures)])
        is_float32 = not exports.precision_of(name)
        parity = locator_gate.compare(found, self._asked, self._photos, is_float32=is_float32)
        difference = parity.max_difference
        seen = self._reader.read(self._pictures[:_BATCH], None).pixels
        return {
            "kept": parity.passed,
            "reason": parity.reason,
            "max_difference": difference if np.isfinite(difference) else None,
            "same_finds": parity.same_finds,
            "same_empty": parity.same_empty,
            "bytes": sum(file.stat().st_size for file in folder.glob(f"{path.stem}.*")),
            "milliseconds": runtimes.milliseconds(predict, seen),
        }

    def _calibration(self, count: int) -> Pixels:
        """Returns training pictures as both looks see them: half are whole, half around a box."""
        found = _scenes(self._train_shards, -(-count // 2)) if count else []
        photos = [bytes(scene.jpeg.numpy()) for scene in found]
        sizes = [tf.io.extract_jpeg_shape(scene.jpeg, tf.int64)[:2] for scene in found]
        boxes = [
            PixelBox(*decoding.pixel_boxes(scene.boxes[0], size).numpy().tolist())
            for scene, size in zip(found, sizes, strict=True)
        ]
        looks = [self._reader.read(photos, around).pixels for around in (None, boxes)]
        return np.concatenate(looks)[:count]


def _scenes(shards: Sequence[str], count: int) -> list[scenes.Scene]:
    """Returns stored frames, from shards that are spread over a split."""
    spread = [shards[i * len(shards) // _SHARDS] for i in range(_SHARDS)]
    records = store.scenes_of(list(dict.fromkeys(spread)), count)
    return [scenes.parsed(tf.constant(record)) for record in records]


def _background(found: Sequence[scenes.Scene]) -> Iterator[bytes]:
    """Yields cut-outs beside the animals, encoded; first one of each frame."""
    for turn in range(_SIDES):
        for scene in found:
            boxes = scene.boxes.numpy()
            boxes = boxes[(boxes[:, 2:] > boxes[:, :2]).all(axis=1)]  # The others fill the array.
            if not len(boxes):
                continue
            parts = judging.cut_outs(scenes.decoded(scene.jpeg).numpy(), boxes)
            for part in islice(parts, turn, turn + 1):
                yield bytes(tf.io.encode_png(part).numpy())


def _answers(loaded: Any, pictures: Sequence[bytes]) -> locator_gate.Finds:
    """Returns what the servable finds."""
    asked = [
        loaded.signatures[signatures.SERVE_IMAGE](image_bytes=tf.constant(batch))
        for batch in _batches(pictures)
    ]
    return _joined(
        [
            locator_gate.Finds(
                *(
                    each[name].numpy().astype(np.float32)
                    for name in (signatures.FOUND, signatures.BOX)
                )
            )
            for each in asked
        ]
    )


def _placed(finds: locating.Finds) -> locator_gate.Finds:
    boxes = iter(finds.boxes)
    return locator_gate.Finds(
        np.array(finds.scores, np.float32),
        np.array(
            [next(boxes) if outcome == Outcome.OK else (0, 0, 0, 0) for outcome in finds.outcomes],
            np.float32,
        ),
    )


def _joined(parts: Sequence[locator_gate.Finds]) -> locator_gate.Finds:
    return locator_gate.Finds(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _batches(pictures: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (pictures[begin : begin + _BATCH] for begin in range(0, len(pictures), _BATCH))
