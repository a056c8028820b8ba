"""Files that appear whole and on the disk, or not at all."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import Timeout

from schemas.errors import ConfigError


@contextlib.contextmanager
def flushed(path: Path) -> Iterator[Any]:
    """Opens a file for bytes; at the end they are on the disk."""
    with path.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def put(partial: Path, path: Path) -> None:
    """Renames what is on the disk already, and waits until the new name is, too."""
    partial.rename(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turns what the disk refuses into a ConfigError that says how to go on."""
    try:
        yield
    except Timeout:  # An OSError that is told by whoever asks for the lock.
        raise
    except OSError as error:
        raise ConfigError(
            f"{folder} must be writable. Received: {error}. What was finished is kept: make room, "
            "and the same command goes on"
        ) from error
