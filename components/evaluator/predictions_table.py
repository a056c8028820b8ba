"""The predictions table: one row for each Example of the eval split, exactly once.

Every score of a model is computed from this file alone. It is plain Parquet, which other tools
can read too. It is written and read some thousand rows at a time.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from schemas import json_text
from system.arrow import pa
from system.parquet import ParquetWriter, read_batches, read_schema
from system.storage import open_file

MODEL, BASELINE, COMPARED = "model", "baseline", "compared"
"""Predictors: the new model, the last blessed one, and the one that the user named."""
MAJORITY = "majority"
"""The predictor that always predicts the commonest mood."""

LINE, PATH, CLIP, GROUP = "line", "image_path", "clip", "group"
SPECIES, ACTION = "species", "action"
BOX_AREA, BOX_SIZE = "box_area", "box_size"
BRIGHTNESS, BRIGHTNESS_BAND = "brightness", "brightness_band"
SHARPNESS, CONTRAST = "sharpness", "contrast"
LABEL, LABEL_INDEX = "label", "label_index"
SCORED = "judged"
"""Whether the row is scored: false where the temperature was fitted on it, or where the model that
the training began with was trained on its clip or animal."""

ROW_COLUMNS = {
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
    SCORED: pa.bool_(),
}
"""Columns that do not depend on a prediction, with their types; group, species and action may be
null. The numbers are those of ``schemas.features``."""

SLICE_COLUMNS = (LABEL, SPECIES, BOX_SIZE, BRIGHTNESS_BAND, ACTION)
"""Columns whose values are slices."""

ROW_GROUP = 8192

_MOODS = b"moods"
_MAJORITY = b"majority"


class RowError(RuntimeError):
    """A table that would not hold every Example of the eval split exactly once."""


def predicted_column(predictor: str) -> str:
    """Returns the column of the likeliest mood's name, null where a probability is not finite."""
    return "predicted" if predictor == MODEL else f"{predictor}_predicted"


def probabilities_column(predictor: str) -> str:
    """Returns the column of float32[k], in the order of the moods."""
    return "probabilities" if predictor == MODEL else f"{predictor}_probabilities"


def trained_on_column(predictor: str) -> str:
    """Returns the column that says whether another model was trained on the clip or the animal."""
    return f"{predictor}_trained_on"


class Writer:
    """Writes the table; use it in a ``with`` block, whose end checks the number of rows."""

    def __init__(
        self,
        path: str,
        mood_names: Sequence[str],
        majority_index: int,
        predictors: Sequence[str],
        total_rows: int,
    ) -> None:
        """Starts a file.

        Args:
          path: of the Parquet file.
          mood_names: in index order; kept in the file's metadata as JSON.
          majority_index: index of the eval split's commonest mood.
          predictors: those of ``MODEL``, ``BASELINE`` and ``COMPARED`` that there are.
          total_rows: number of rows that must have been added at the end.
        """
        self._mood_names, self._majority_index = mood_names, majority_index
        self._total_rows = total_rows
        fields = [*ROW_COLUMNS.items(), (predicted_column(MAJORITY), pa.string())]
        for predictor in predictors:
            fields.append((predicted_column(predictor), pa.string()))
            fields.append((probabilities_column(predictor), pa.list_(pa.float32())))
            if predictor != MODEL:
                fields.append((trained_on_column(predictor), pa.bool_()))
        self._schema = pa.schema(
            fields,
            metadata={
                _MOODS: json.dumps(list(mood_names), ensure_ascii=False),
                _MAJORITY: mood_names[majority_index],
            },
        )

        self._file: IO[bytes] = open_file(path, "wb")
        self._parquet = ParquetWriter(self._file, self._schema, compression="zstd")
        self._pending: list[pa.RecordBatch] = []
        self._has_line = bytearray()
        self._rows = 0

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._flush()
        self._parquet.close()
        self._file.close()
        if kind is None and self._rows != self._total_rows:
            raise RowError(
                f"The eval split must have {self._total_rows} rows, as the ingest counted. "
                f"Received: {self._rows}"
            )

    def add(
        self,
        row_columns: Mapping[str, Sequence[Any]],
        probabilities: Mapping[str, npt.NDArray[np.float32]],
        trained_on: Mapping[str, Sequence[bool]] | None = None,
    ) -> None:
        """Adds rows.

        Args:
          row_columns: the columns of ``ROW_COLUMNS``.
          probabilities: float32[n, k] by predictor.
          trained_on: by predictor, whether it was trained on each row's clip or animal; no row for
            the predictors that are not named.

        Raises:
          RowError: one of the rows has been added already.
        """
        self._check_lines(row_columns[LINE])
        count = len(row_columns[LINE])
        columns = dict(row_columns)
        columns[predicted_column(MAJORITY)] = [self._mood_names[self._majority_index]] * count
        for predictor, values in probabilities.items():
            columns[predicted_column(predictor)] = [
                self._mood_names[index] if index < len(self._mood_names) else None
                for index in predicted_indices(values)
            ]
            columns[probabilities_column(predictor)] = list(values)
            if predictor != MODEL:
                seen = (trained_on or {}).get(predictor, [False] * count)
                columns[trained_on_column(predictor)] = seen
        self._pending.append(pa.RecordBatch.from_pydict(columns, schema=self._schema))
        self._rows += count
        if sum(len(batch) for batch in self._pending) >= ROW_GROUP:
            self._flush()

    def _check_lines(self, lines: Sequence[int]) -> None:
        """Raises RowError where a line has been added before, and remembers the lines."""
        for line in lines:
            if line >= len(self._has_line):
                self._has_line.extend(bytes(line + ROW_GROUP - len(self._has_line)))
            if self._has_line[line]:
                raise RowError(
                    f"Each line of the eval split's CSV must come once. Received: line {line} twice"
                )
            self._has_line[line] = 1

    def _flush(self) -> None:
        if self._pending:
            self._parquet.write_table(pa.Table.from_batches(self._pending))
            self._pending = []


def predicted_indices(probabilities: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Returns the likeliest moods' indices, int64[n], of probabilities [n, k].

    The index is k where a probability is NaN or infinite: that row has no prediction.
    """
    finite = np.isfinite(probabilities).all(axis=1)
    likeliest = np.where(finite[:, None], probabilities, 0).argmax(axis=1)
    return np.where(finite, likeliest, probabilities.shape[1])


class Table:
    """A written table, read a batch at a time.

    Attributes:
      mood_names: in index order.
      majority_index: index of the commonest mood.
      predictors: those whose probabilities the table has, ``MODEL`` first.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        schema = read_schema(path)
        self.mood_names: tuple[str, ...] = tuple(
            json_text.parsed(schema.metadata[_MOODS].decode("utf-8"))  # type: ignore[arg-type]
        )
        self.majority_index = self.mood_names.index(schema.metadata[_MAJORITY].decode("utf-8"))
        self.predictors = tuple(
            predictor
            for predictor in (MODEL, BASELINE, COMPARED)
            if probabilities_column(predictor) in schema.names
        )

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yields the scored rows with the columns that scores need, some thousand at a time."""
        columns = [
            *(SCORED, CLIP, GROUP, LABEL_INDEX),
            *SLICE_COLUMNS,
            *map(probabilities_column, self.predictors),
            *map(trained_on_column, self.predictors[1:]),
        ]
        for batch in read_batches(self._path, columns, ROW_GROUP):
            scored = batch.filter(batch.column(SCORED))
            if len(scored):
                yield scored

    def trained_on_rows(self) -> dict[str, int]:
        """Returns for each predictor but the model the scored rows that it was trained on."""
        others = self.predictors[1:]
        counts = dict.fromkeys(others, 0)
        columns = [SCORED, *map(trained_on_column, others)]
        for batch in read_batches(self._path, columns, ROW_GROUP) if others else ():
            scored = batch.filter(batch.column(SCORED))
            for name in others:
                counts[name] += scored.column(trained_on_column(name)).true_count
        return counts


def trained_on(batch: pa.RecordBatch, predictor: str) -> npt.NDArray[np.bool_]:
    """Returns bool[n]: whether another model was trained on the row's clip or animal."""
    column = batch.column(trained_on_column(predictor))
    values: npt.NDArray[np.bool_] = column.to_numpy(zero_copy_only=False)
    return values


def probabilities_of(batch: pa.RecordBatch, predictor: str) -> npt.NDArray[np.float64]:
    """Returns the probabilities of a predictor, float64[n, k]."""
    column = batch.column(probabilities_column(predictor))
    flat: npt.NDArray[np.float64] = column.flatten().to_numpy(zero_copy_only=False)
    return flat.reshape(len(batch), -1).astype(np.float64)
