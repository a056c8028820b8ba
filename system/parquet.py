"""Parquet files for the whole project: no other module reads them.

Files are read in the calling thread only, on this machine or in a bucket. If Arrow's own threads
read a Python file, one of them may still release it while the interpreter ends. That aborts the
process after its work is done (apache/arrow issues 33975, 34314 and 50482), and on a cluster the
task counts as failed.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import IO

from schemas.errors import ConfigError
from system.arrow import PICKLE, pa, pq
from system.buckets.stores import is_remote
from system.printable import printable
from system.regular_files import kind_of
from system.storage import open_file

ParquetWriter = pq.ParquetWriter
write_table = pq.write_table

_BATCH_ROWS = 1 << 16
_MAX_REASON = 200
_TYPES = {
    "string": pa.string(),
    "int64": pa.int64(),
    "int32": pa.int32(),
    "float32": pa.float32(),
    "bool": pa.bool_(),
    "binary": pa.binary(),
    "list<float32>": pa.list_(pa.float32()),
    "list<string>": pa.list_(pa.string()),
    "list<int64>": pa.list_(pa.int64()),
    "timestamp[us, tz=UTC]": pa.timestamp("us", "UTC"),
}

__all__ = [
    "ParquetWriter",
    "read_batches",
    "read_rows_and_schema",
    "read_schema",
    "read_table",
    "schema_of",
    "write_table",
]


def schema_of(types: Mapping[str, str]) -> pa.Schema:
    """Returns the schema of columns with Arrow's names of their types, such as "list<float32>"."""
    return pa.schema([(name, _TYPES[kind]) for name, kind in types.items()])


def read_schema(path: str) -> pa.Schema:
    """Returns a file's schema, with its metadata.

    Raises:
      ConfigError: the file is no Parquet file that can be read safely.
      OSError: it cannot be opened.
    """
    return read_rows_and_schema(path)[1]


def read_rows_and_schema(path: str) -> tuple[int, pa.Schema]:
    """Returns a file's number of rows and its schema; raises as ``read_schema`` does."""
    with _opened(path) as file, _refused(path):
        parquet = _parquet(file)
        return parquet.metadata.num_rows, parquet.schema_arrow


def read_table(path: str, columns: Sequence[str]) -> pa.Table:
    """Returns some columns of a whole file.

    Raises:
      ConfigError: as ``read_schema``, or a column is missing.
      OSError: it cannot be opened.
    """
    with _opened(path) as file, _refused(path):
        return _parquet(file, columns).read(columns=list(columns), use_threads=False)


def read_batches(
    path: str, columns: Sequence[str], rows: int = _BATCH_ROWS, schema: pa.Schema | None = None
) -> Iterator[pa.RecordBatch]:
    """Yields some columns, at most ``rows`` rows at a time; only these rows are in memory.

    Args:
      path: of the file.
      columns: names.
      rows: of a batch, at most.
      schema: has the types that these columns must have; None takes any.

    Raises:
      ConfigError: as ``read_table``, or a column is of another type.
      OSError: it cannot be opened.
    """
    with _opened(path) as file:
        with _refused(path):
            parquet = _parquet(file, columns)
            if schema is not None:
                _check_types(parquet.schema_arrow, schema, columns)
            batches = parquet.iter_batches(rows, columns=list(columns), use_threads=False)
        while True:
            with _refused(path):
                batch = next(batches, None)
            if batch is None:
                return
            yield batch


def _opened(path: str) -> IO[bytes]:
    """Opens a file; one of this machine must be regular: opening a pipe would wait for a writer."""
    if not is_remote(path) and (kind := kind_of(os.stat(path).st_mode)):
        raise ConfigError(f"{printable(path)} must be a Parquet file. Received: {kind}")
    file: IO[bytes] = open_file(path, "rb")
    return file


def _check_types(found: pa.Schema, wanted: pa.Schema, columns: Sequence[str]) -> None:
    """Raises a ValueError for the first column of another type."""
    for name in columns:
        one, other = found.field(name).type, wanted.field(name).type
        # The name of a list's field differs between Arrow's versions.
        both_lists = pa.types.is_list(one) and pa.types.is_list(other)
        if one != other and not (both_lists and one.value_type == other.value_type):
            raise ValueError(f"the column {name} of the type {one}, which must be {other}")


def _parquet(file: IO[bytes], columns: Sequence[str] = ()) -> pq.ParquetFile:
    parquet = pq.ParquetFile(file, pre_buffer=False)
    # Arrow would leave out a column that is not there.
    names = parquet.schema_arrow.names
    if missing := [name for name in columns if name not in names]:
        raise ValueError(f"it lacks the columns {', '.join(missing)}")
    if twice := [name for name in columns if names.count(name) > 1]:
        raise ValueError(f"it has the columns {', '.join(twice)} twice")
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
