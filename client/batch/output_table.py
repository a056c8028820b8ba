r"""Output table of a batch prediction: its columns, and how parts become one CSV or Parquet file.

Columns: ``row`` int64 from 0, ``image``, ``bbox``, ``mood``, ``probability_<mood>`` float64 for
every mood in label map order, to six decimals, ``error``, ``detail``, ``mood_id``, ``unsure``, a
truth value ("true" or "false" in a CSV) that is null where the model has no threshold, ``box``
("y,x,height,width", the box that was used), ``box_source`` (given, found or whole) and ``found``
float64, the locator's score. Values that an outcome lacks are null, in a CSV an empty cell. In
texts, bytes that are not UTF-8 are written as ``\\udc..`` escapes. A CSV begins with a byte order
mark, without which a Korean Excel takes it for CP949; Python reads it as ``utf-8-sig``, pandas as
it is. Its cells are those of
``system.csv_files``: one that a spreadsheet would execute has an apostrophe in front.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from client.predict.prediction_inputs import PredictionInput
from client.predict.predictions import DECIMALS, Outcome, Prediction
from system.arrow import pa
from system.csv_files import CsvWriter
from system.parquet import ParquetWriter, write_table

CSV, PARQUET = ".csv", ".parquet"

_ERROR = "error"
_UNSURE = "unsure"


def table_schema(mood_names: Sequence[str]) -> pa.Schema:
    """Returns the table's columns for a model with these moods, in index order."""
    texts = ("image", "bbox", "mood")
    return pa.schema(
        [
            ("row", pa.int64()),
            *((name, pa.string()) for name in texts),
            *((f"probability_{name}", pa.float64()) for name in mood_names),
            (_ERROR, pa.string()),
            ("detail", pa.string()),
            ("mood_id", pa.string()),
            (_UNSURE, pa.bool_()),
            ("box", pa.string()),
            ("box_source", pa.string()),
            ("found", pa.float64()),
        ]
    )


def to_table(
    first_row: int,
    inputs: Sequence[PredictionInput],
    outcomes: Sequence[Outcome],
    mood_names: Sequence[str],
) -> pa.Table:
    """Returns the rows of these inputs, the first of which gets the number ``first_row``."""
    rows = (
        _cells(number, one, outcome, mood_names)
        for number, (one, outcome) in enumerate(zip(inputs, outcomes, strict=True), start=first_row)
    )
    schema = table_schema(mood_names)
    if not inputs:
        return schema.empty_table()
    columns = zip(*rows, strict=True)
    return pa.Table.from_arrays(
        [pa.array(cells, field.type) for cells, field in zip(columns, schema, strict=True)],
        schema=schema,
    )


def _cells(
    number: int, one: PredictionInput, outcome: Outcome, mood_names: Sequence[str]
) -> list[object]:
    input_cells = [number, _text(one.image), _text(one.bbox)]
    if isinstance(outcome, Prediction):
        rounded = [round(outcome.probabilities[name], DECIMALS) for name in mood_names]
        found = None if outcome.found is None else round(outcome.found, DECIMALS)
        used = [",".join(map(str, outcome.box or ())), outcome.box_source, found]
        told = [outcome.mood_id, outcome.unsure, *used]
        return [*input_cells, outcome.mood, *rounded, None, None, *told]
    nulls = [None] * len(mood_names)
    return [*input_cells, None, *nulls, outcome.error, _text(outcome.detail), *[None] * 5]


def _text(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def count_errors(table: pa.Table) -> dict[str, int]:
    """Returns the number of rows per error."""
    counts = table.column(_ERROR).drop_null().value_counts()
    return {pair["values"]: pair["counts"] for pair in counts.to_pylist()}


def count_unsure(table: pa.Table) -> int:
    """Returns the number of rows whose answer is unsure."""
    return int(table.column(_UNSURE).to_pylist().count(True))


def write_part(path: Path, table: pa.Table) -> None:
    """Writes one part."""
    # Arrow would take a path with odd characters for an address.
    with path.open("wb") as file:
        write_table(table, file, compression="zstd")


def write_whole(
    path: Path, tables: Iterable[pa.Table], mood_names: Sequence[str], *, as_csv: bool
) -> None:
    """Writes the parts' tables one after another into one file."""
    schema = table_schema(mood_names)
    if as_csv:
        _write_csv(path, tables, schema)
        return
    with path.open("wb") as file, ParquetWriter(file, schema, compression="zstd") as writer:
        for table in tables:
            writer.write_table(table)


def _write_csv(path: Path, tables: Iterable[pa.Table], schema: pa.Schema) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = CsvWriter(file)
        writer.write(schema.names)
        for table in tables:
            columns = [_csv_cells(column) for column in table.columns]
            writer.write_all(zip(*columns, strict=True))


def _csv_cells(column: pa.ChunkedArray) -> list[object]:
    cells: list[object] = column.to_pylist()
    if pa.types.is_boolean(column.type):
        return [None if cell is None else str(cell).lower() for cell in cells]
    return cells
