"""A toy model without TensorFlow, and a batch prediction in a process that can be killed.

    python toy_batch.py FOLDER OUT LOG [STOP]

predicts FOLDER into OUT, three pictures a part, and appends a byte to LOG for each picture that
the model predicts. With STOP it kills itself when that many pictures have reached the model.
"""

import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from client.backends.model import ModelInfo, Response
from client.batch.predict_to_file import predict_to_file
from client.predict.folders import walk_pictures
from client.predict.prediction_inputs import inputs_from_paths
from dataset.boxes import PixelBox

MOODS = ("화남/불쾌", "공포")
PART_ROWS = 3


class WidthModel:
    """A model whose second mood has as probability a picture's width: pixels / 10.

    An answer is unsure below 0.75.
    """

    info = ModelInfo("widths", MOODS, 32)

    def __init__(self) -> None:
        self.received: list[bytes] = []

    def predict(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        self.received += pictures
        shares = [Image.open(io.BytesIO(picture)).width / 10 for picture in pictures]
        return [
            Response(
                "ok",
                MOODS[share > 0.5],
                dict(zip(MOODS, (1 - share, share), strict=True)),
                max(share, 1 - share) < 0.75,
            )
            for share in shares
        ]


class SelfKillingModel(WidthModel):
    """Logs each picture to a file, and kills its process after ``stop`` pictures."""

    def __init__(self, log: Path, stop: int | None) -> None:
        super().__init__()
        self._log, self._stop = log, stop

    def predict(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        responses = super().predict(pictures, boxes)
        if self._stop is not None and len(self.received) >= self._stop:
            os.kill(os.getpid(), signal.SIGKILL)
        with self._log.open("ab") as file:
            file.write(b"." * len(pictures))
        return responses


if __name__ == "__main__":
    folder, out, log, *stop = sys.argv[1:]
    predict_to_file(
        SelfKillingModel(Path(log), int(stop[0]) if stop else None),
        inputs_from_paths(walk_pictures([folder])),
        Path(out),
        {"model": "toy"},
        batch_size=2,
        part_rows=PART_ROWS,
    )
