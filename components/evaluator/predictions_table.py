"""The table of predictions: a row for each Example of the eval split, exactly once.

Everything that is said about a model is computed from this file alone; it is plain Parquet, for
others to read too. It is written and read some thousand rows at a time.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from system.parquet import read_batches, read_schema
from system.storage import open_file

MODEL, BASELINE, COMPARED = "model", "baseline", "compared"
"""Who answered: the model that is judged, the last blessed one, one that the user named."""
MAJORITY = "majority"
"""Who always answers the commonest mood."""

LINE, PATH, CLIP, GROUP = "line", "image_path", "clip", "group"
SPECIES, ACTION = "species", "action"
BOX_AREA, BOX_SIZE = "box_area", "box_size"
BRIGHTNESS, BRIGHTNESS_BAND = "brightness", "brightness_band"
SHARPNESS, CONTRAST = "sharpness", "contrast"
LABEL, LABEL_INDEX = "label", "label_index"
JUDGED = "judged"

FACTS = {
    LINE: pa.int64(),
    PATH: pa.string(),
    CLIP: pa.string(),
    GROUP: pa.string(),
    SPECIES: pa.string(),
    ACTION: pa.string(),
    BOX_AREA: pa.float32(),
    BOX_SIZE: pa.string(),
    BRIGHTNESS: pa.float32(),
    BRIGHTNESS_BAND: pa.string(),
    SHARPNESS: pa.float32(),
    CONTRAST: pa.float32(),
    LABEL: pa.string(),
    LABEL_INDEX: pa.int64(),
    JUDGED: pa.bool_(),
}
"""What is known of a row before anybody is asked; group, species and action may be null. The
numbers are those of ``schemas.features``. Rows that are not judged have told the temperature."""

SLICED = (LABEL, SPECIES, BOX_SIZE, BRIGHTNESS_BAND, ACTION)
"""The columns whose values are slices."""

ROW_GROUP = 8192

_MOODS = b"moods"
_MAJORITY = b"majority"


class RowError(RuntimeError):
    """A table that would not hold every Example of the eval split exactly once."""


def predicted_column(predictor: str) -> str:
    """Returns the column of the likeliest mood's name, null where there is no answer."""
    return "predicted" if predictor == MODEL else f"{predictor}_predicted"


def probabilities_column(predictor: str) -> str:
    """Returns the column of float32[k], in the order of the moods."""
    return "probabilities" if predictor == MODEL else f"{predictor}_probabilities"


class Writer:
    """Writes the table; use it in a ``with`` block, whose end checks the number of rows."""

    def __init__(
        self,
        path: str,
        moods: Sequence[str],
        majority: int,
        predictors: Sequence[str],
        total: int,
    ) -> None:
        """Starts a file.

        Args:
          path: of the Parquet file.
          moods: names in index order, kept in the file's metadata as JSON.
          majority: index of the eval split's commonest mood.
          predictors: of ``MODEL``, ``BASELINE`` and ``COMPARED`` those who are asked.
          total: number of rows that there must be in the end.
        """
        self._moods, self._majority, self._total = moods, majority, total
        fields = [
            *FACTS.items(),
            (predicted_column(MAJORITY), pa.string()),
            *(
                field
                for predictor in predictors
                for field in (
                    (predicted_column(predictor), pa.string()),
                    (probabilities_column(predictor), pa.list_(pa.float32())),
                )
            ),
        ]
        self._schema = pa.schema(
            fields,
            metadata={
                _MOODS: json.dumps(list(moods), ensure_ascii=False),
                _MAJORITY: moods[majority],
            },
        )
        self._file: IO[bytes] = open_file(path, "wb")
        self._parquet = pq.ParquetWriter(self._file, self._schema, compression="zstd")
        self._waiting: list[pa.RecordBatch] = []
        self._seen = bytearray()
        self._rows = 0

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._flush()
        self._parquet.close()
        self._file.close()
        if kind is None and self._rows != self._total:
            raise RowError(f"The eval split has {self._total} rows, {self._rows} were read.")

    def add(
        self,
        facts: Mapping[str, Sequence[Any]],
        probabilities: Mapping[str, npt.NDArray[np.float32]],
    ) -> None:
        """Adds rows.

        Args:
          facts: the columns of ``FACTS``.
          probabilities: float32[n, k] of each answerer.

        Raises:
          RowError: one of the rows has been added already.
        """
        for line in facts[LINE]:
            if line >= len(self._seen):
                self._seen.extend(bytes(line + ROW_GROUP - len(self._seen)))
            if self._seen[line]:
                raise RowError(f"The eval split has line {line} of its CSV twice.")
            self._seen[line] = 1
        count = len(facts[LINE])
        columns = dict(facts)
        columns[predicted_column(MAJORITY)] = [self._moods[self._majority]] * count
        for predictor, answers in probabilities.items():
            columns[predicted_column(predictor)] = [
                self._moods[index] if index < len(self._moods) else None
                for index in predicted_index(answers)
            ]
            columns[probabilities_column(predictor)] = list(answers)
        self._waiting.append(pa.RecordBatch.from_pydict(columns, schema=self._schema))
        self._rows += count
        if sum(len(batch) for batch in self._waiting) >= ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._parquet.write_table(pa.Table.from_batches(self._waiting))
            self._waiting = []


def predicted_index(probabilities: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Returns the likeliest mood's index, int64[n], of probabilities [n, k].

    It is k where one of them is NaN or infinite: that is no answer.
    """
    sound = np.isfinite(probabilities).all(axis=1)
    likeliest = np.where(sound[:, None], probabilities, 0).argmax(axis=1)
    return np.where(sound, likeliest, probabilities.shape[1])


class Table:
    """A written table, read a batch at a time.

    Attributes:
      moods: names in index order.
      majority: index of the commonest mood.
      predictors: those who were asked, ``MODEL`` first.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        schema = read_schema(path)
        self.moods: tuple[str, ...] = tuple(json.loads(schema.metadata[_MOODS]))
        self.majority = self.moods.index(schema.metadata[_MAJORITY].decode("utf-8"))
        self.predictors = tuple(
            predictor
            for predictor in (MODEL, BASELINE, COMPARED)
            if probabilities_column(predictor) in schema.names
        )

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yields what scores are made of, the judged rows only, some thousand at a time."""
        columns = [JUDGED, CLIP, LABEL_INDEX, *SLICED, *map(probabilities_column, self.predictors)]
        for batch in read_batches(self._path, columns, ROW_GROUP):
            yield batch.filter(batch.column(JUDGED))


def probabilities_of(batch: pa.RecordBatch, predictor: str) -> npt.NDArray[np.float64]:
    """Returns float64[n, k]."""
    column = batch.column(probabilities_column(predictor))
    flat: npt.NDArray[np.float64] = column.flatten().to_numpy(zero_copy_only=False)
    return flat.reshape(len(batch), -1).astype(np.float64)
