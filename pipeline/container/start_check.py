"""Checks, before a task's work, that each of its libraries can use each of its buckets.

A role that lacks a permission, a missing endpoint or a network policy would else end the task after
hours, or hang it: TensorFlow tries for minutes. TFX, TensorFlow and Beam have clients of their own,
so each tries for itself.
"""

import contextlib
import json
import posixpath
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from pipeline.container.staging import needs_copies
from pipeline.container.task import Task
from schemas.errors import ConfigError
from system import storage
from system.buckets import folders
from system.buckets.stores import address_parts, is_remote

SECONDS = 20.0
"""Time that a client has for an answer; a few tenths of a second are usual."""
_CONTENT = b"Written by a check before a task; it can be deleted.\n"
_DATA, _SERVING, _PUSH = "input_base", "serving", "push_destination"


class Client(NamedTuple):
    """A library's way to a bucket: writes and reads an object."""

    name: str
    write: Callable[[str, bytes], None]
    read: Callable[[str], bytes]


def check(task: Task, seconds: float = SECONDS) -> None:
    """Writes, reads and removes an object in each folder that the task writes; reads the others.

    Raises:
      ConfigError: a library cannot; all that cannot are named.
    """
    check_folders(folders_of(task), seconds)


def check_folders(roots: Mapping[str, bool], seconds: float = SECONDS) -> None:
    """Does the same for folders in buckets, by whether they will be written.

    Raises:
      ConfigError: as ``check``.
    """
    faults: list[str] = []
    threads = []
    for root, writes in roots.items():
        for client in clients_for(root):
            thread = _Trial(client, root, writes)
            threads.append(thread)
            thread.start()
    for thread in threads:
        thread.join(seconds)
        if (fault := thread.fault()) is not None:
            faults.append(fault)
    if faults:
        raise ConfigError(
            "A task must be able to use its buckets before it begins. Received:\n  "
            + "\n  ".join(faults)
            + "\nLook at the name of the bucket, the role or key of the container, and the "
            "addresses in its environment (docs/buckets.md)"
        )


def folders_of(task: Task) -> dict[str, bool]:
    """Returns the folders in buckets that a task uses, and whether it writes them."""
    found: dict[str, bool] = {}
    for uri in (*task.uris("outputs"), task.output_file):
        if is_remote(uri):
            found[posixpath.dirname(uri)] = True
    if task.is_executor and (push := task.parameter(_PUSH)):
        found[json.loads(push).get("filesystem", {}).get("baseDirectory", "")] = True
        found[json.loads(push).get("filesystem", {}).get("base_directory", "")] = True
    for name in (_DATA, _SERVING):
        if value := task.parameter(name):
            found.setdefault(str(value), False)
    return {root: writes for root, writes in found.items() if is_remote(root)}


def clients_for(root: str) -> list[Client]:
    """Returns the libraries that will use a folder: S3's is copied for TensorFlow and Beam."""
    clients = [Client("this project", _write_ours, storage.read_bytes)]
    clients.append(Client("TFX", _write_tfx, _read_tfx))
    if not needs_copies(root):
        clients.append(Client("TensorFlow", _write_tensorflow, _read_tensorflow))
        clients.append(Client("Beam", _write_beam, _read_beam))
    return clients


class _Trial(threading.Thread):
    """One library and one folder; it cannot be stopped, so that it must not be waited for."""

    def __init__(self, client: Client, root: str, writes: bool) -> None:
        super().__init__(daemon=True)
        self._client = client
        self._root = root
        self._writes = writes
        self._step = "be asked for"
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            if self._writes:
                self._write_and_read()
            else:
                self._step = "read"
                _read_any(self._client, self._root)
        except Exception as error:  # Each library has errors of its own.
            self._error = error

    def fault(self) -> str | None:
        """Returns what has failed, or None."""
        told = f"{self._root} cannot be {'written' if self._step == 'write' else 'read'} by "
        if self.is_alive():
            return f"{told}{self._client.name}: no answer in time"
        if self._error is None:
            return None
        text = str(self._error).partition("\n")[0][:300]
        return f"{told}{self._client.name}: {type(self._error).__name__}: {text}"

    def _write_and_read(self) -> None:
        path = posixpath.join(self._root, f".pet-mood-check-{uuid.uuid4().hex}")
        self._step = "write"
        self._client.write(path, _CONTENT)
        self._step = "read"
        with _removed(path):
            content = self._client.read(path)
            if content != _CONTENT:
                raise ValueError(f"{len(content)} bytes are not those that were written")


@contextlib.contextmanager
def _removed(path: str) -> Iterator[None]:
    try:
        yield
    finally:
        folders.remove(path)


def _read_any(client: Client, root: str) -> None:
    """Reads the first object of a folder, if there is one; an empty or new folder is no fault."""
    try:
        path = next(folders.objects(root), ("", 0))[0]
    except FileNotFoundError as error:
        bucket = "".join(address_parts(root)[:2])
        raise FileNotFoundError(f"there is no bucket {bucket}") from error
    if path:
        client.read(path)


def _write_ours(path: str, content: bytes) -> None:
    with storage.open_file(path, "wb") as file:
        file.write(content)


def _write_tfx(path: str, content: bytes) -> None:
    from tfx.dsl.io import fileio

    with fileio.open(path, "wb") as file:
        file.write(content)


def _read_tfx(path: str) -> bytes:
    from tfx.dsl.io import fileio

    with fileio.open(path, "rb") as file:
        return bytes(file.read())


def _write_tensorflow(path: str, content: bytes) -> None:
    import tensorflow as tf

    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(content)


def _read_tensorflow(path: str) -> bytes:
    import tensorflow as tf

    with tf.io.gfile.GFile(path, "rb") as file:
        return bytes(file.read())


def _write_beam(path: str, content: bytes) -> None:
    with _beam().create(path) as file:
        file.write(content)


def _read_beam(path: str) -> bytes:
    with _beam().open(path) as file:
        return bytes(file.read())


def _beam() -> Any:
    from apache_beam.io.filesystems import FileSystems

    return FileSystems
