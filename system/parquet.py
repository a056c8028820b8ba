"""Reads Parquet files, on this machine or in a bucket, in the calling thread only.

If Arrow's own threads read a Python file, one of them may still release it while the interpreter
ends. That aborts the process after its work is done (apache/arrow issues 33975, 34314 and 50482),
and on a cluster the task counts as failed.
"""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from system.storage import open_file


def read_schema(path: str) -> pa.Schema:
    """Returns a file's schema, with its metadata."""
    with open_file(path, "rb") as file:
        return pq.ParquetFile(file, pre_buffer=False).schema_arrow


def read_table(path: str, columns: Sequence[str]) -> pa.Table:
    """Returns some columns of a whole file."""
    with open_file(path, "rb") as file:
        parquet = pq.ParquetFile(file, pre_buffer=False)
        return parquet.read(columns=list(columns), use_threads=False)


def read_batches(path: str, columns: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
    """Yields some columns, at most ``rows`` rows at a time; only these rows are in memory."""
    with open_file(path, "rb") as file:
        parquet = pq.ParquetFile(file, pre_buffer=False)
        yield from parquet.iter_batches(rows, columns=list(columns), use_threads=False)
