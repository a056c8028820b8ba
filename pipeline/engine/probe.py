"""What a worker is asked for before the first node: its versions, and whether it sees the folder.

A worker imports this module; it must not wait for TensorFlow.
"""

import json
import os
import posixpath
import socket
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

from pipeline.engine.versions import own_versions
from schemas.errors import ConfigError
from system import storage
from system.buckets.stores import is_remote

ASKED = "asked"
"""Name of the file whose content a worker must see."""
_ENDING = ".answer.json"


class WorkerAnswer(TypedDict):
    """A worker's answer: its machine's name, its process, its versions and files that it misses."""

    host: str
    process: int
    versions: dict[str, str]
    unseen: list[str]


@dataclass(frozen=True)
class Question:
    """What a worker is asked.

    Attributes:
      folder: path or address on storage that this machine and the workers share; holds ``ASKED``.
      token: content of that file.
      files: paths or addresses that the worker must be able to read.
    """

    folder: str
    token: str
    files: tuple[str, ...]


def answer(number: int, question: Question) -> None:
    """Writes a worker's answer into the question's folder.

    Raises:
      ConfigError: this process does not see the folder, or must not write there.
    """
    try:
        asked = posixpath.join(question.folder, ASKED)
        if storage.read_bytes(asked) != question.token.encode():
            raise FileNotFoundError(f"{asked} has another content")
        found: WorkerAnswer = {
            "host": socket.gethostname(),
            "process": os.getpid(),
            "versions": own_versions(),
            "unseen": [path for path in question.files if not _is_readable(path)],
        }
        name = f"{number}-{uuid.uuid4().hex}{_ENDING}"
        storage.write_whole(posixpath.join(question.folder, name), json.dumps(found))
    except OSError as error:
        raise ConfigError(
            "The engine's workers must read and write the output folder under the same path as "
            f"this machine. Received: {error} on {socket.gethostname()}. Give --output a folder "
            "on storage that all of them share, writable for the worker pool's user"
        ) from error


def answers(folder: str) -> Iterator[WorkerAnswer]:
    """Yields what workers have written into a folder."""
    for path in storage.matching(f"{folder}/*{_ENDING}"):
        found: WorkerAnswer = json.loads(storage.read_bytes(path))
        yield found


def _is_readable(path: str) -> bool:
    return storage.exists(path) if is_remote(path) else os.access(path, os.R_OK)
