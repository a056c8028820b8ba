"""Parquet files are read by the calling thread, so that no other thread is active at the end."""

import os
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.errors import ConfigError
from system import parquet


class WatchedFile:
    """A file that records the threads that use it."""

    def __init__(self, path: str, threads: set[int]) -> None:
        self._file = open(path, "rb")  # noqa: SIM115 - closed by the reader.
        self._threads = threads

    def __getattr__(self, name: str) -> Any:
        self._threads.add(threading.get_ident())
        return getattr(self._file, name)

    def __enter__(self) -> "WatchedFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A file of 3 row groups and columns a, b and c."""
    table = pa.table({name: list(range(30)) for name in "abc"})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=10)
    return str(tmp_path / "t.parquet")


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Identifiers of the threads that have used a file."""
    identifiers: set[int] = set()
    monkeypatch.setattr(parquet, "open_file", lambda path, _mode: WatchedFile(path, identifiers))
    return identifiers


def test_a_schema_is_read_by_this_thread(path: str, threads: set[int]) -> None:
    assert parquet.read_schema(path).names == ["a", "b", "c"]
    assert threads == {threading.get_ident()}


def test_a_table_is_read_by_this_thread(path: str, threads: set[int]) -> None:
    table = parquet.read_table(path, ["c", "a"])
    assert table.to_pydict() == {"c": list(range(30)), "a": list(range(30))}
    assert threads == {threading.get_ident()}


def test_batches_are_read_by_this_thread(path: str, threads: set[int]) -> None:
    batches = list(parquet.read_batches(path, ["b"], 8))
    assert [len(batch) for batch in batches] == [8, 8, 8, 6]
    assert pa.Table.from_batches(batches).to_pydict() == {"b": list(range(30))}
    assert threads == {threading.get_ident()}


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"a": ["text"]}, "must be int64"),
        ({"a": [[1]]}, "must be int64"),
        ({"b": [1]}, "lacks the columns a"),
    ],
)
def test_a_column_of_another_type_is_refused(
    table: dict[str, Any], told: str, tmp_path: Path
) -> None:
    pq.write_table(pa.table(table), tmp_path / "t.parquet")
    schema = parquet.schema_of({"a": "int64"})
    with pytest.raises(ConfigError, match=told):
        list(parquet.read_batches(str(tmp_path / "t.parquet"), ["a"], schema=schema))


def test_lists_are_the_same_whatever_their_field_is_called(tmp_path: Path) -> None:
    other = pa.list_(pa.field("element", pa.float32()))
    pq.write_table(pa.table({"a": pa.array([[1.0]], other)}), tmp_path / "t.parquet")
    schema = parquet.schema_of({"a": "list<float32>"})
    (batch,) = parquet.read_batches(str(tmp_path / "t.parquet"), ["a"], schema=schema)
    assert batch.column("a").to_pylist() == [[1.0]]


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"])
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(ConfigError, match="the columns a twice"):
        list(parquet.read_batches(str(tmp_path / "t.parquet"), ["a"]))


def test_a_named_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "t.parquet")
    with pytest.raises(ConfigError, match="a named pipe"):
        parquet.read_schema(str(tmp_path / "t.parquet"))
