"""Backups of a training on the disk. A kill while one is written leaves the one before it.

``models.training.resume`` fills them, and lets a training go on from one.
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

from system.storage import whole

_LOGGER = logging.getLogger(__name__)

_STATE = "state.json"
"""Written last: in a bucket, where folders cannot be renamed, a backup without it is incomplete."""
_ARRAYS = "arrays.npz"
_KEPT = 2
"""Backups that are kept: the newest and the one before."""

Arrays = Mapping[str, Sequence[Any]]
"""Values of variables, in order, by the object that they belong to, such as "model"."""


class Backup(NamedTuple):
    """A backup that has been read.

    Attributes:
      state: as given to ``Backups.write``, after its way through JSON.
      arrays: as given to ``Backups.write``.
      folder: of its files.
    """

    state: dict[str, Any]
    arrays: dict[str, list[Any]]
    folder: str

    def copy_file(self, name: str, folder: str) -> None:
        """Copies a file of the backup into a folder, if the backup has it."""
        source = os.path.join(self.folder, name)
        if tf.io.gfile.exists(source):
            tf.io.gfile.copy(source, os.path.join(folder, name), overwrite=True)


@dataclasses.dataclass(frozen=True)
class Backups:
    """The backups of one training.

    Attributes:
      root: folder for the backups of all trainings. It lies outside the folders that TFX deletes
        after a failed execution, and is the same in the next execution.
      key: see ``backup_key``.
      writes: whether this process changes anything there; of several machines, one does.
    """

    root: str
    key: str
    writes: bool = True

    @property
    def folder(self) -> str:
        """Folder of this training's backups, each in a folder with a rising number."""
        return os.path.join(self.root, f"training-{self.key}")

    def write(self, state: Mapping[str, Any], arrays: Arrays, files: Sequence[str]) -> None:
        """Adds a backup, whole or not at all, then removes all but this one and the one before.

        Args:
          state: values that JSON can hold.
          arrays: numbers of any shape.
          files: paths; the files that exist are copied.

        Raises:
          OSError, tf.errors.OpError: it cannot be written. What was there before is still there,
            and of the new one nothing is left on this machine.
        """
        if not self.writes:
            return
        tf.io.gfile.makedirs(self.folder)
        number = max(self._numbers(), default=0) + 1
        with whole(self._numbered_folder(number)) as folder:
            tf.io.gfile.makedirs(folder)
            _write_files(folder, state, arrays, files)
        self._remove_old()

    def _remove_old(self) -> None:
        """Removes all but the newest backup and the one before, and what kills have left."""
        names = {name.rstrip("/") for name in tf.io.gfile.listdir(self.folder)}
        kept = {str(number) for number in self._numbers()[-_KEPT:]}
        for name in names - kept:
            if name.partition(".")[0].isdigit():
                _remove(os.path.join(self.folder, name))

    def newest(self) -> Backup | None:
        """Returns the newest complete backup, or None; removes all but it and the one before."""
        for number in reversed(self._numbers()):
            folder = self._numbered_folder(number)
            try:
                backup = self._read(folder)
            # All errors that an incomplete or damaged file can cause; any other is a defect.
            except (OSError, ValueError, KeyError, zipfile.BadZipFile, tf.errors.OpError) as error:
                _LOGGER.warning("The backup %s is not complete: %s", folder, error)
                if self.writes:
                    _remove(folder)
            else:
                if self.writes:
                    self._remove_old()
                return backup
        return None

    def clear(self) -> None:
        """Removes all backups, those of other trainings too."""
        if self.writes and tf.io.gfile.exists(self.root):
            tf.io.gfile.rmtree(self.root)

    def clear_others(self) -> None:
        """Removes the backups of other trainings.

        An output folder has one training at a time, and each backup is as large as three networks.
        """
        if not self.writes or not tf.io.gfile.exists(self.root):
            return
        for name in tf.io.gfile.listdir(self.root):
            if name.rstrip("/") != os.path.basename(self.folder):
                _remove(os.path.join(self.root, name))

    def _read(self, folder: str) -> Backup:
        with tf.io.gfile.GFile(os.path.join(folder, _STATE)) as file:
            document = json.loads(file.read())
        with tf.io.gfile.GFile(os.path.join(folder, _ARRAYS), "rb") as file:
            # The checksums of the zip file are compared while the arrays are read.
            named = np.load(io.BytesIO(file.read()))
        arrays = {
            group: [named[f"{group}/{n}"] for n in range(size)]
            for group, size in document["sizes"].items()
        }
        return Backup(document["state"], arrays, folder)

    def _numbered_folder(self, number: int) -> str:
        return os.path.join(self.folder, str(number))

    def _numbers(self) -> list[int]:
        if not tf.io.gfile.exists(self.folder):
            return []
        names = (name.rstrip("/") for name in tf.io.gfile.listdir(self.folder))
        return sorted(int(name) for name in names if name.isdigit())


def _write_files(
    folder: str, state: Mapping[str, Any], arrays: Arrays, files: Sequence[str]
) -> None:
    """Writes a backup's files, the state last."""
    buffer = io.BytesIO()
    named = {f"{group}/{n}": each for group in arrays for n, each in enumerate(arrays[group])}
    np.savez(buffer, **named)
    with tf.io.gfile.GFile(os.path.join(folder, _ARRAYS), "wb") as file:
        file.write(buffer.getvalue())
    for path in filter(tf.io.gfile.exists, files):
        tf.io.gfile.copy(path, os.path.join(folder, os.path.basename(path)), overwrite=True)
    sizes = {group: len(each) for group, each in arrays.items()}
    with tf.io.gfile.GFile(os.path.join(folder, _STATE), "w") as file:
        file.write(json.dumps({"state": state, "sizes": sizes}))


def _remove(folder: str) -> None:
    """Removes a folder. A failing disk costs space then, and no training."""
    try:
        tf.io.gfile.rmtree(folder)
    except tf.errors.OpError as error:
        _LOGGER.warning("%s is no longer needed and cannot be removed: %s", folder, error)


def backup_key(config: Mapping[str, Any], files: Sequence[str], base_model: str | None) -> str:
    """Returns a hash; trainings with the same one can go on from each other's backups.

    Args:
      config: the Trainer's ``custom_config``: all settings and the code's version. All of it
        is hashed, except the folder of the backups.
      files: the shards of both splits. Their names and sizes are hashed. Their folder is not: it
        is another one when the ingest has run again on the same photos.
      base_model: servable of the model that the training goes on from, if any.
    """
    shards = [(os.path.basename(name), tf.io.gfile.stat(name).length) for name in files]
    hashed = {name: value for name, value in config.items() if name != "backup_dir"}
    text = json.dumps([hashed, shards, base_model], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
