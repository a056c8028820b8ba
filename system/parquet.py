"""Parquet files for the whole project: no other module reads them.

Files are read in the calling thread only, on this machine or in a bucket. If Arrow's own threads
read a Python file, one of them may still release it while the interpreter ends. That aborts the
process after its work is done (apache/arrow issues 33975, 34314 and 50482), and on a cluster the
task counts as failed.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import IO

from schemas.errors import ConfigError
from system.arrow import PICKLE, pa, pq
from system.printable import printable
from system.storage import open_file

ParquetWriter = pq.ParquetWriter
write_table = pq.write_table

_ERRORS = (pa.ArrowException, OSError, RuntimeError, ValueError, LookupError, MemoryError)
"""What Arrow raises for files that are cut short, altered or of another kind."""
_BATCH_ROWS = 1 << 16
_MAX_REASON = 200

__all__ = [
    "ParquetWriter",
    "read_batches",
    "read_rows_and_schema",
    "read_schema",
    "read_table",
    "write_table",
]


def read_schema(path: str) -> pa.Schema:
    """Returns a file's schema, with its metadata.

    Raises:
      ConfigError: the file is no Parquet file that can be read safely.
      OSError: it cannot be opened.
    """
    return read_rows_and_schema(path)[1]


def read_rows_and_schema(path: str) -> tuple[int, pa.Schema]:
    """Returns a file's number of rows and its schema; raises as ``read_schema`` does."""
    with open_file(path, "rb") as file, _refused(path):
        parquet = _parquet(file)
        return parquet.metadata.num_rows, parquet.schema_arrow


def read_table(path: str, columns: Sequence[str]) -> pa.Table:
    """Returns some columns of a whole file.

    Raises:
      ConfigError: as ``read_schema``, or a column is missing.
      OSError: it cannot be opened.
    """
    with open_file(path, "rb") as file, _refused(path):
        return _parquet(file, columns).read(columns=list(columns), use_threads=False)


def read_batches(
    path: str, columns: Sequence[str], rows: int = _BATCH_ROWS
) -> Iterator[pa.RecordBatch]:
    """Yields some columns, at most ``rows`` rows at a time; only these rows are in memory.

    Raises:
      ConfigError: as ``read_table``.
      OSError: it cannot be opened.
    """
    with open_file(path, "rb") as file:
        with _refused(path):
            parquet = _parquet(file, columns)
            batches = parquet.iter_batches(rows, columns=list(columns), use_threads=False)
        while True:
            with _refused(path):
                batch = next(batches, None)
            if batch is None:
                return
            yield batch


def _parquet(file: IO[bytes], columns: Sequence[str] = ()) -> pq.ParquetFile:
    parquet = pq.ParquetFile(file, pre_buffer=False)
    # Arrow would leave out a column that is not there.
    missing = [name for name in columns if name not in parquet.schema_arrow.names]
    if missing:
        raise ValueError(f"it lacks the columns {', '.join(missing)}")
    return parquet


@contextlib.contextmanager
def _refused(path: str) -> Iterator[None]:
    """Turns Arrow's errors into a ConfigError."""
    try:
        yield
    # Arrow passes on what Python's side of it raises, such as the hotfix's RuntimeError.
    except (
        pa.ArrowException,
        OSError,
        RuntimeError,
        ValueError,
        LookupError,
        MemoryError,
    ) as error:
        text = str(error)
        reason = (
            f"a column type that runs code when it is read ({PICKLE})"
            if PICKLE in text
            else printable(text or type(error).__name__)[:_MAX_REASON]
        )
        raise ConfigError(
            f"{printable(path)} must be a Parquet file as this project writes them. Received: "
            f"{reason}. Somebody or something has altered it: delete the folder of results that it "
            "lies in, and repeat the command that made them"
        ) from (None if PICKLE in text else error)
