"""The push into an object store, which has neither renames of folders nor locks.

What a version consists of is copied with ``saved_model.pb`` last, as TFX's own executor does: a
version without that file is none for ``components.model_resolvers.last_pushed``. There are no
warm-up requests, no history of versions that are gone, and nothing holds back a second push that
takes the same number in the same moment.
"""

import hashlib
import posixpath

from tfx.dsl.io import fileio
from tfx.utils import io_utils

from components import serving_folder
from components.pusher.versions import Push
from schemas.errors import ConfigError
from system import manifest
from system.pushed_versions import MAX_VERSION


def push_version(source: str, base: str, second: int) -> Push:
    """Copies a servable, and a manifest of it, to a new version in an object store.

    Args:
      source: the servable's folder.
      base: the serving folder, such as gs://bucket/serving/pet_mood.
      second: the clock's, seconds since 1970. The version is this, or one more than the highest
        that is there, if that is more.

    Raises:
      ConfigError: there is no higher number.
    """
    version = max(second, max(serving_folder.version_numbers(base), default=-1) + 1)
    if version > MAX_VERSION:
        raise ConfigError(
            f"A version's number must be at most {MAX_VERSION}, TensorFlow Serving's limit. "
            f"Received: {version - 1} is the highest of {base}. Rename that folder"
        )
    target = posixpath.join(base, str(version))
    content = manifest.content(serving_folder.sha256_of_files(source))
    io_utils.copy_dir(source, target, deny_regex_patterns=[r"saved_model\.pb"])
    with fileio.open(posixpath.join(target, manifest.FILE), "wb") as file:
        file.write(content)
    graph = serving_folder.GRAPH
    io_utils.copy_file(posixpath.join(source, graph), posixpath.join(target, graph))
    return Push(version, hashlib.sha256(content).hexdigest(), is_new=True)
