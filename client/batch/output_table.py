r"""The answers as a table: its columns, and how its parts become one CSV or Parquet file.

Columns: ``row`` int64 from 0, ``image``, ``bbox``, ``mood``, ``probability_<mood>`` float64 for
every mood in label map order, to six decimals, ``error``, ``detail``. What an answer lacks is
null, in a CSV an empty cell. In texts, bytes that are not UTF-8 stand as ``\udc..`` escapes.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from client.predict.prediction_inputs import Input
from client.predict.predictions import DECIMALS, Outcome, Prediction

CSV, PARQUET = ".csv", ".parquet"

_ERROR = "error"


def schema_of(moods: Sequence[str]) -> pa.Schema:
    """Returns the table's columns for a model with these moods, names in index order."""
    texts = ("image", "bbox", "mood")
    return pa.schema(
        [
            ("row", pa.int64()),
            *((name, pa.string()) for name in texts),
            *((f"probability_{mood}", pa.float64()) for mood in moods),
            (_ERROR, pa.string()),
            ("detail", pa.string()),
        ]
    )


def table_of(
    first: int, inputs: Sequence[Input], rows: Sequence[Outcome], moods: Sequence[str]
) -> pa.Table:
    """Returns the rows of these inputs, the first of which has the number ``first``."""
    lines = (
        _cells(number, one, row, moods)
        for number, (one, row) in enumerate(zip(inputs, rows, strict=True), start=first)
    )
    schema = schema_of(moods)
    columns = zip(*lines, strict=True)
    return pa.Table.from_arrays(
        [pa.array(cells, field.type) for cells, field in zip(columns, schema, strict=True)],
        schema=schema,
    )


def _cells(number: int, one: Input, row: Outcome, moods: Sequence[str]) -> list[object]:
    info = [number, _text(one.image), _text(one.bbox)]
    if isinstance(row, Prediction):
        rounded = [round(row.probabilities[mood], DECIMALS) for mood in moods]
        return [*info, row.mood, *rounded, None, None]
    return [*info, None, *(None for _ in moods), row.error, _text(row.detail)]


def _text(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def errors_of(table: pa.Table) -> dict[str, int]:
    """Returns how many rows have which error."""
    counts = table.column(_ERROR).drop_null().value_counts()
    return {pair["values"]: pair["counts"] for pair in counts.to_pylist()}


def write_part(path: Path, table: pa.Table) -> None:
    """Writes one part."""
    pq.write_table(table, path, compression="zstd")


def write_whole(
    path: Path, tables: Iterable[pa.Table], moods: Sequence[str], *, as_csv: bool
) -> None:
    """Writes the parts one after another."""
    schema = schema_of(moods)
    if as_csv:
        _write_csv(path, tables, schema)
        return
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for table in tables:
            writer.write_table(table)


def _write_csv(path: Path, tables: Iterable[pa.Table], schema: pa.Schema) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(schema.names)
        for table in tables:
            writer.writerows(zip(*(column.to_pylist() for column in table.columns), strict=True))
