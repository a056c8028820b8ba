"""The push into an object store, which has neither renames of folders nor locks.

What a version consists of is sent with ``saved_model.pb`` last, as TFX's own executor does: a
version without that file is none for ``components.model_resolvers.last_pushed``. There is no
history of versions that are gone, and nothing holds back a second push that takes the same number
in the same moment.
"""

import posixpath
import tempfile
from collections.abc import Callable
from pathlib import Path

from tfx.utils import io_utils

from components import serving_folder
from components.pusher.versions import Push
from schemas.errors import ConfigError
from system import manifest
from system.buckets import folders
from system.pushed_versions import MAX_VERSION


def push_version(
    source: str,
    base: str,
    second: int,
    complete: Callable[[Path], None] = lambda staged: None,
) -> Push:
    """Copies a servable, and a manifest of it, to a new version in an object store.

    Args:
      source: the servable's folder.
      base: the serving folder, such as gs://bucket/serving/pet_mood.
      second: the clock's, seconds since 1970. The version is this, or one more than the highest
        that is there, if that is more.
      complete: adds files to a copy on this machine and checks it, before anything is sent. Its
        error ends the push, and the serving folder is not changed.

    Raises:
      ConfigError: there is no higher number.
    """
    version = max(second, max(serving_folder.version_numbers(base), default=-1) + 1)
    if version > MAX_VERSION:
        raise ConfigError(
            f"A version's number must be at most {MAX_VERSION}, TensorFlow Serving's limit. "
            f"Received: {version - 1} is the highest of {base}. Rename that folder"
        )
    with tempfile.TemporaryDirectory(prefix="pet-mood-push-") as folder:
        staged = Path(folder, str(version))
        io_utils.copy_dir(source, str(staged))
        complete(staged)
        digest = manifest.write(staged)
        folders.upload(staged, posixpath.join(base, str(version)), last=[serving_folder.GRAPH])
    return Push(version, digest, is_new=True)
