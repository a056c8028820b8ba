"""A weights file on this machine, or in a bucket with what lies beside it there."""

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

from schemas import artifacts, signatures
from system.buckets import folders
from system.buckets.stores import is_remote
from system.parallel import in_parallel

_BESIDE = (signatures.LABELS_ASSET, artifacts.TRAINED_ON_NPZ)


def local_file(weights: str) -> Path:
    """Returns the file of ``ModelSettings.weights``; of an address, a copy on this machine.

    The label map and the hashes of what a checkpoint was trained on are copied too, where they lie
    beside it. A file that is not there is told by its path, which does not exist.

    Raises:
      OSError: the bucket does not answer, or the credentials are not enough.
    """
    return _copied(weights) if is_remote(weights) else Path(weights)


@functools.lru_cache(maxsize=2)
def _copied(address: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="pet-mood-weights-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    above, _, name = address.rpartition("/")

    def fetch(each: str) -> None:
        if folders.exists(f"{above}/{each}"):
            folders.download(f"{above}/{each}", folder / each)

    in_parallel(fetch, (name, *_BESIDE))
    return folder / name
