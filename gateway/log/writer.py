"""The log's own process: measures the photos, and writes the rows as Parquet files.

It reads entries (``gateway.log.entries``) from its standard input until that ends, and tells what
became of their rows in lines of JSON on its standard output: ``{"outcome": …, "rows": …}``, with a
``reason`` where they could not be written.
"""

import datetime
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import IO, Any

import orjson

from gateway.log.entries import Entry, read_entry
from gateway.log.files import delete_old, write_file
from gateway.log.rows import rows_of
from gateway.settings import LogSettings

WRITTEN, FAILED = "written", "failed"
_MOST_WORDS = 300
"""Characters of an error's text."""
_NICENESS = 10
"""Answers come first where processors are short."""
_MOST_PHOTO_BYTES = 64 << 20
"""Of photos in rows that are not written yet; beyond it a file is written early."""


class Writer:
    """Collects rows and writes them when there are enough, or after some time."""

    def __init__(self, settings: LogSettings, told: IO[bytes]) -> None:
        self._settings, self._told = settings, told
        self._folder = Path(settings.folder)
        self._rows: list[dict[str, Any]] = []
        self._photo_bytes = 0
        self._since = time.monotonic()

    def add(self, entry: Entry, photos: list[bytes | None]) -> None:
        """Adds a request's rows, and writes a file if there are enough."""
        if not self._rows:
            self._since = time.monotonic()
        try:
            rows = list(rows_of(entry, photos, self._settings))
        except Exception as error:  # The last net: a row must not end the log.
            self._tell(FAILED, len(entry["rows"]), _words(error))
            return
        for row in rows:
            self._rows.append(row)
            self._photo_bytes += len(row["photo"] or b"")
        if len(self._rows) >= self._settings.rows or self._photo_bytes > _MOST_PHOTO_BYTES:
            self.write()

    @property
    def seconds_left(self) -> float | None:
        """Time until the rows are to be written; None without rows."""
        if not self._rows:
            return None
        return max(0.0, self._since + self._settings.seconds - time.monotonic())

    def write(self) -> None:
        """Writes the rows that there are, and deletes old files; a full disk loses these rows."""
        if not self._rows:
            return
        rows, self._rows, self._photo_bytes = self._rows, [], 0
        now = datetime.datetime.now(datetime.timezone.utc)
        try:
            write_file(self._folder, rows, now)
        except OSError as error:
            self._tell(FAILED, len(rows), f"{error.strerror or error}")
        except Exception as error:  # Values that no column takes.
            self._tell(FAILED, len(rows), _words(error))
        else:
            self._tell(WRITTEN, len(rows))
        try:
            delete_old(self._folder, self._settings, now)
        except OSError as error:
            self._tell(FAILED, 0, f"old files cannot be deleted: {error.strerror or error}")

    def _tell(self, outcome: str, rows: int, reason: str = "") -> None:
        line = orjson.dumps({"outcome": outcome, "rows": rows, "reason": reason})
        self._told.write(line + b"\n")
        self._told.flush()


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:_MOST_WORDS]


def run(settings: LogSettings, entries: IO[bytes], told: IO[bytes]) -> None:
    """Writes what comes until the input ends."""
    writer = Writer(settings, told)
    while True:
        # A raw pipe: nothing of it waits in a buffer that select would not see.
        ready, _, _ = select.select([entries], [], [], writer.seconds_left)
        if not ready:
            writer.write()
            continue
        found = read_entry(entries)
        if found is None:
            writer.write()
            return
        writer.add(*found)


class _Whole:
    """A pipe whose ``read`` returns all bytes that were asked for, unless it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor

    def read(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            part = os.read(self._descriptor, min(size - len(parts), 1 << 20))
            if not part:
                break
            parts += part
        return bytes(parts)


def main() -> None:
    """Runs the process; the settings are the only argument, as JSON."""
    # Ctrl-C reaches all processes of a terminal: this one ends when the gateway closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(_NICENESS)
    run(LogSettings.from_json(sys.argv[1]), _Whole(0), sys.stdout.buffer)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
