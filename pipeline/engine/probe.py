"""What a worker is asked for before the first node: its versions, and whether it sees the folder.

A worker imports this module; it must not wait for TensorFlow.
"""

import json
import os
import socket
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from pipeline.engine.versions import own_versions
from schemas.errors import ConfigError
from system.files import write_whole

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
      folder: on storage that this machine and the workers share; holds ``ASKED``.
      token: content of that file.
      files: paths that the worker must be able to read.
    """

    folder: str
    token: str
    files: tuple[str, ...]


def answer(number: int, question: Question) -> None:
    """Writes a worker's answer into the question's folder.

    Raises:
      ConfigError: this process does not see the folder, or must not write there.
    """
    folder = Path(question.folder)
    try:
        seen = (folder / ASKED).read_text("utf-8")
        if seen != question.token:
            raise FileNotFoundError(f"{folder / ASKED} has another content")
        found: WorkerAnswer = {
            "host": socket.gethostname(),
            "process": os.getpid(),
            "versions": own_versions(),
            "unseen": [path for path in question.files if not os.access(path, os.R_OK)],
        }
        name = f"{number}-{uuid.uuid4().hex}{_ENDING}"
        write_whole(folder / name, json.dumps(found))
    except OSError as error:
        raise ConfigError(
            "The engine's workers must read and write the output folder under the same path as "
            f"this machine. Received: {error} on {socket.gethostname()}. Give --output a folder "
            "on storage that all of them share, writable for the worker pool's user"
        ) from error


def answers(folder: Path) -> Iterator[WorkerAnswer]:
    """Yields what workers have written into a folder."""
    for path in sorted(folder.glob(f"*{_ENDING}")):
        found: WorkerAnswer = json.loads(path.read_text("utf-8"))
        yield found
