"""The log's files: written whole, and deleted when they are old or together too large."""

import contextlib
import datetime
import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gateway.settings import LogSettings
from schemas import request_log as columns
from system.arrow import pa
from system.files import whole
from system.parquet import schema_of, write_table

_FORMAT = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"requests-(\d{8}T\d{6}Z)-[0-9a-f]{8}\.parquet(\.partial)?")
SCHEMA = schema_of(columns.COLUMNS)


def write_file(folder: Path, rows: Sequence[dict[str, Any]], now: datetime.datetime) -> Path:
    """Writes rows as a new file, which appears whole, and returns its path.

    Several gateways may write to the same folder.

    Raises:
      OSError: the disk is full, or the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"requests-{now.strftime(_FORMAT)}-{secrets.token_hex(4)}.parquet"
    with whole(path) as partial:
        # Photos of strangers may be in it: for this account alone.
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        table = pa.Table.from_pylist(list(rows), SCHEMA)
        write_table(table, str(partial), compression="zstd")
    return path


def delete_old(folder: Path, settings: LogSettings, now: datetime.datetime) -> int:
    """Deletes files beyond ``log.days`` and ``log.max_bytes``, the oldest first.

    Files of other names are not touched; a partial file that a crash has left is deleted with its
    age.

    Returns:
      How many were deleted.
    """
    found = []
    for path in folder.iterdir():
        if match := _NAME.fullmatch(path.name):
            written = datetime.datetime.strptime(match[1], _FORMAT)
            found.append((written.replace(tzinfo=datetime.timezone.utc), path))
    left, deleted = settings.max_bytes, 0
    for written, path in sorted(found, reverse=True):
        with contextlib.suppress(OSError):  # Another gateway may delete it at the same time.
            left -= path.stat().st_size
            if left < 0 or now - written > datetime.timedelta(days=settings.days):
                path.unlink()
                deleted += 1
    return deleted
