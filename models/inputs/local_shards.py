"""Copies of a bucket's shards on this machine, where single records can be read."""

import dataclasses
import logging
import os
import shutil
import tempfile
import weakref
from concurrent.futures import ThreadPoolExecutor

import tensorflow as tf

from models.inputs.shard_index import ShardIndex
from schemas.errors import ConfigError

_LOGGER = logging.getLogger(__name__)

_COPIED_TOGETHER = 8


def on_this_machine(index: ShardIndex) -> ShardIndex:
    """Returns the index, of copies in the folder for temporary files if it was of a bucket.

    The copies are removed with the index that is returned, at the latest when the process ends.

    Raises:
      ConfigError: if the disk is too small for the copies.
    """
    if not any("://" in name for name in index.files):
        return index
    needed = sum(tf.io.gfile.stat(name).length for name in index.files)
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if needed > free:
        raise ConfigError(
            "train.frames_per_clip, train.validation_frames_per_clip, train.sampling and "
            "train.reading=random read single records, so that a bucket's shards are copied to "
            f"this machine first. Received: {needed / 1e9:.1f} GB of shards, and "
            f"{free / 1e9:.1f} GB free in {tempfile.gettempdir()}. Give the Trainer a larger disk "
            "and set TMPDIR to a folder on it, or leave these settings at their defaults"
        )
    folder = tempfile.mkdtemp(prefix="pet-mood-shards-")
    _LOGGER.info("Copying %.1f GB of shards to %s", needed / 1e9, folder)
    copies = [os.path.join(folder, f"{number:05d}") for number in range(len(index.files))]
    try:
        with ThreadPoolExecutor(_COPIED_TOGETHER) as pool:
            list(pool.map(tf.io.gfile.copy, index.files, copies))
        local_index = dataclasses.replace(index, files=tuple(copies))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(local_index, shutil.rmtree, folder, ignore_errors=True)
    return local_index
