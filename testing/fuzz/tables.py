"""CSVs as training and inference read them, with a sound row at the end."""

import contextlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

from client.predict.prediction_inputs import inputs_from_csv
from dataset.boxes import BoxError, parse_box
from dataset.csv_rows import read_rows
from schemas.errors import ConfigError, DataRefusedError

_HEADER = b"image_path,bbox,labels,species,clip,group\n"
_LAST = "last.jpg"
_LAST_ROW = f"\n\n{_LAST},,,,,\n".encode()
"""After a blank line, and without a quote: no cell that begins before it can end in it."""


class Tables:
    """The rows of a CSV below a sound header; each line is a row, a fault or blank."""

    def __init__(self) -> None:
        self.sound = tuple(text.encode() for text in _BODIES)
        self.batch_size = 1
        self._folder = tempfile.TemporaryDirectory()
        self._path = Path(self._folder.name, "rows.csv")

    def outcomes(self, inputs: Sequence[bytes]) -> list[str]:
        return [self._outcome(body) for body in inputs]

    def _outcome(self, body: bytes) -> str:
        self._path.write_bytes(_HEADER + body + _LAST_ROW)
        try:
            rows = [*read_rows(str(self._path))]
        except DataRefusedError:
            return "refused"
        finally:
            self._predict()
        lines = [row.line for row in rows]
        assert lines == sorted({*lines}), "rows out of order"
        assert rows[-1].image_path == _LAST and not rows[-1].fault, "a sound row is lost"
        for row in rows:
            if not row.fault:
                self._parse(row.bbox)
        return "faults" if any(row.fault for row in rows) else "ok"

    def _predict(self) -> None:
        try:
            inputs = [*inputs_from_csv(self._path)]
        except ConfigError:
            return
        assert inputs[-1].image == _LAST, "a sound picture is lost"

    @staticmethod
    def _parse(bbox: str) -> None:
        with contextlib.suppress(BoxError):
            parse_box(bbox)


_BODIES = (
    'a.jpg,"1,2,30,40",공포,cat,a,g1\nb.jpg,"5,6,70,80",행복/즐거움,dog,b,g2\n',
    '"a, ""b"".jpg","1,2,30,40",공포,,"c\nd",\n\nc.jpg,"0,0,1,1",공격성,,,\n',
    "a.jpg,1 2 30 40,공포,cat,a,g1\r\nb.jpg,,불안/슬픔,,,\r\n",
    '\ufeffimages\\frame_1_timestamp_2.jpg,"+1,-2,٣,4",편안/안정,고양이,클립 1,\r',
)
