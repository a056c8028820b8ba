"""A model without TensorFlow, and a labelling in a process of its own that can be killed.

    python labelling_toy.py FOLDER OUT ASKED [STOP]

labels FOLDER into OUT, three pictures a part, and adds a byte to ASKED for each picture that the
model is asked about. With STOP it kills itself in place of answering that many pictures.
"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from client.backends.model import ModelInfo, Response
from client.batch.batch import label
from client.predict.folders import walk
from client.predict.prediction_inputs import of_pictures
from dataset.boxes import PixelBox

MOODS = ("화남/불쾌", "공포")
PART = 3


class LengthModel:
    """Is the surer of the second mood the longer a file is: bytes / 1000."""

    info = ModelInfo("lengths", MOODS, 32)

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    def predict(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        self.asked += pictures
        shares = [len(picture) / 1000 for picture in pictures]
        return [
            Response("ok", MOODS[share > 0.5], dict(zip(MOODS, (1 - share, share), strict=True)))
            for share in shares
        ]


class MortalModel(LengthModel):
    """Notes on the disk what it is asked, and dies."""

    def __init__(self, asked: Path, stop: int | None) -> None:
        super().__init__()
        self._file, self._stop = asked, stop

    def predict(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        responses = super().predict(pictures, boxes)
        if self._stop is not None and len(self.asked) >= self._stop:
            os.kill(os.getpid(), signal.SIGKILL)
        with self._file.open("ab") as file:
            file.write(b"." * len(pictures))
        return responses


if __name__ == "__main__":
    folder, out, asked, *stop = sys.argv[1:]
    label(
        MortalModel(Path(asked), int(stop[0]) if stop else None),
        of_pictures(walk([folder])),
        Path(out),
        {"model": "toy"},
        batch=2,
        part=PART,
    )
