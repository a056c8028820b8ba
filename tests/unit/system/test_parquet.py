"""Parquet files are read by the calling thread, so that no other thread is active at the end."""

import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

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
