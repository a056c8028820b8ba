"""A copy, in a bucket, of what a task keeps for its next attempt, such as a training's backups.

It is made while the task works: a machine that is taken away leaves what it had sent. Files that
appear whole (``system.files.whole``) are sent whole, those of a folder before its ``.json`` files,
which make it valid.
"""

import contextlib
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

from schemas.errors import ConfigError
from system.buckets import folders
from system.files import PARTIAL

_LOGGER = logging.getLogger(__name__)
EVERY = 30.0
"""Seconds between two looks at the folder. Backups are minutes apart."""

_State = tuple[int, int]
"""Size and time of change of a file."""


@contextlib.contextmanager
def mirrored(folder: Path, address: str) -> Iterator[None]:
    """Fetches a folder from a bucket, if it is there, and sends its changes until the block ends.

    What cannot be sent is told in a warning and tried again: it costs what a next attempt would
    have been spared.

    Args:
      folder: of this machine; does not exist yet.
      address: of the same folder in a bucket.

    Raises:
      OSError: the bucket cannot be read.
    """
    if folders.is_folder(address):
        size = folders.download(address, folder)
        _LOGGER.info("Copied %d bytes of an earlier attempt from %s", size, address)
    mirror = _Mirror(folder, address)
    ended = threading.Event()

    def send_until_the_end() -> None:
        while not ended.wait(EVERY):
            mirror.send()

    sender = threading.Thread(target=send_until_the_end, name="mirror", daemon=True)
    sender.start()
    try:
        yield
    finally:
        ended.set()
        sender.join()
        mirror.send()


class _Mirror:
    def __init__(self, folder: Path, address: str) -> None:
        self._folder = folder
        self._address = address
        self._sent = self._states()

    def send(self) -> None:
        """Sends new and changed files, then removes from the bucket what is no longer here."""
        states = self._states()
        try:
            for name in sorted(states, key=_valid_last):
                if self._sent.get(name) != states[name] and self._send(name):
                    self._sent[name] = states[name]
            for name in [name for name in self._sent if name not in states]:
                folders.remove(f"{self._address}/{name}")
                del self._sent[name]
        except (OSError, ConfigError) as error:
            _LOGGER.warning("%s is not kept for a next attempt: %s", self._folder, error)

    def _send(self, name: str) -> bool:
        """Returns whether a file could be sent: it may have been removed meanwhile."""
        try:
            folders.upload_file(self._folder / name, f"{self._address}/{name}")
        except FileNotFoundError:
            if (self._folder / name).exists():
                raise
            return False
        return True

    def _states(self) -> dict[str, _State]:
        states = {}
        for path in self._folder.rglob("*"):
            inner = path.relative_to(self._folder)
            if any(part.endswith(PARTIAL) for part in inner.parts):
                continue
            with contextlib.suppress(FileNotFoundError):
                if path.is_file():
                    status = path.stat()
                    states[inner.as_posix()] = (status.st_size, status.st_mtime_ns)
        return states


def _valid_last(name: str) -> tuple[str, bool, str]:
    folder = name.rpartition("/")[0]
    return folder, name.endswith(".json"), name
