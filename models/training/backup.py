"""Backups of a training on the disk: written so that a kill leaves the one before.

What is in them, and how a training takes it up, is in ``models.training.resume``.
"""

import dataclasses
import hashlib
import io
import json
import logging
import os
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from system.storage import write_whole

_LOGGER = logging.getLogger(__name__)

_STATE = "state.json"
"""Written last: a backup without it is half a backup."""
_ARRAYS = "arrays.npz"
_KEPT = 2

Arrays = Mapping[str, Sequence[Any]]
"""Values of variables, in order, by what they belong to."""


class Backup(NamedTuple):
    """A backup that has been read.

    Attributes:
      state: what was given to ``Backups.write``, after its way through JSON.
      arrays: the same.
      folder: where its files are.
    """

    state: dict[str, Any]
    arrays: dict[str, list[Any]]
    folder: str

    def take(self, name: str, folder: str) -> None:
        """Copies a file of the backup into a folder, if the backup has it."""
        source = os.path.join(self.folder, name)
        if tf.io.gfile.exists(source):
            tf.io.gfile.copy(source, os.path.join(folder, name), overwrite=True)


@dataclasses.dataclass(frozen=True)
class Backups:
    """The backups of one training.

    Attributes:
      root: folder for the backups of all trainings; outside of what TFX deletes with a node's
        failed execution, and the same in the next one.
      key: see ``key_of``.
      writes: whether it changes anything there; of several machines, one does.
    """

    root: str
    key: str
    writes: bool = True

    @property
    def folder(self) -> str:
        """Where this training's are, by rising number."""
        return os.path.join(self.root, f"training-{self.key}")

    def write(self, state: Mapping[str, Any], arrays: Arrays, files: Sequence[str]) -> None:
        """Adds a backup, then removes all but it and the one before.

        Args:
          state: what JSON can hold.
          arrays: numbers of any shape.
          files: paths; the files that exist are copied.
        """
        if not self.writes:
            return
        numbers = self._numbers()
        folder = self._at(max(numbers, default=0) + 1)
        tf.io.gfile.makedirs(folder)
        buffer = io.BytesIO()
        named = {f"{group}/{n}": each for group in arrays for n, each in enumerate(arrays[group])}
        np.savez(buffer, **named)
        with tf.io.gfile.GFile(os.path.join(folder, _ARRAYS), "wb") as file:
            file.write(buffer.getvalue())
        for path in filter(tf.io.gfile.exists, files):
            tf.io.gfile.copy(path, os.path.join(folder, os.path.basename(path)), overwrite=True)
        sizes = {group: len(each) for group, each in arrays.items()}
        document = json.dumps({"state": state, "sizes": sizes})
        write_whole(os.path.join(folder, _STATE), document)
        for number in numbers[: 1 - _KEPT]:
            tf.io.gfile.rmtree(self._at(number))

    def newest(self) -> Backup | None:
        """Returns the newest backup that is whole, or None; removes those after it."""
        for number in reversed(self._numbers()):
            try:
                return self._read(self._at(number))
            # What a half-written or damaged file can cause; anything else is a defect.
            except (OSError, ValueError, KeyError, zipfile.BadZipFile, tf.errors.OpError) as error:
                _LOGGER.warning("The backup %s is not whole: %s", self._at(number), error)
                if self.writes:
                    tf.io.gfile.rmtree(self._at(number))
        return None

    def clear(self) -> None:
        """Removes all backups, those of other trainings too: this one has ended.

        An output folder trains one thing at a time, and each backup is three networks large.
        """
        if self.writes and tf.io.gfile.exists(self.root):
            tf.io.gfile.rmtree(self.root)

    def _read(self, folder: str) -> Backup:
        with tf.io.gfile.GFile(os.path.join(folder, _STATE)) as file:
            document = json.loads(file.read())
        with tf.io.gfile.GFile(os.path.join(folder, _ARRAYS), "rb") as file:
            # Zip's checksums are compared as the arrays are read.
            named = np.load(io.BytesIO(file.read()))
        arrays = {
            group: [named[f"{group}/{n}"] for n in range(size)]
            for group, size in document["sizes"].items()
        }
        return Backup(document["state"], arrays, folder)

    def _at(self, number: int) -> str:
        return os.path.join(self.folder, str(number))

    def _numbers(self) -> list[int]:
        if not tf.io.gfile.exists(self.folder):
            return []
        names = (name.rstrip("/") for name in tf.io.gfile.listdir(self.folder))
        return sorted(int(name) for name in names if name.isdigit())


def key_of(config: Mapping[str, Any], files: Sequence[str], base_model: str | None) -> str:
    """Returns what is the same for two trainings only if one can take up the other's backup.

    Args:
      config: the Trainer's ``custom_config``: all settings and the code's version; all of it
        counts but where the backups are.
      files: the shards of both splits. Their names and sizes count and not their folder, which
        is another one when the ingest has run again on the same photos.
      base_model: what it goes on from.
    """
    shards = [(os.path.basename(name), tf.io.gfile.stat(name).length) for name in files]
    counted = {name: value for name, value in config.items() if name != "backup_dir"}
    text = json.dumps([counted, shards, base_model], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
