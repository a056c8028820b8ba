"""States of photos: what tells, without reading a photo, that it is not the one of before."""

import logging
import posixpath
from collections import Counter
from collections.abc import Mapping, Sequence

from dataset.photos.files import is_in_bucket, photo_state, possible_paths
from system.buckets import folders
from system.parallel import in_parallel

_LOGGER = logging.getLogger(__name__)
UNKNOWN = "-"
"""State of a photo that is missing, or whose bucket does not tell."""
_LEAST_LISTED = 2000
_LISTED_FOR_EACH = 10
"""Objects of a folder that are listed for each photo that is wanted of it, two requests at least.
In a folder of many more photos, a listing costs more than reading those that are wanted."""


def photo_states(image_root: str, image_paths: Sequence[str]) -> dict[str, str]:
    """Returns the states of photos by their paths; ``UNKNOWN`` where there is none.

    Of a file it is the size and the time of change. Of an object it is the size and the entity
    tag, which stand in the listing of its folder: a request for a thousand photos.

    Args:
      image_root: folder that relative paths start from, on this machine or in a bucket.
      image_paths: of some rows; a photo may come more than once.
    """
    states = {}
    objects = []
    for path in dict.fromkeys(image_paths):
        if is_in_bucket(image_root, path):
            objects.append(path)
        else:
            states[path] = photo_state(image_root, path)
    return states | _object_states(image_root, objects)


def _object_states(image_root: str, image_paths: Sequence[str]) -> dict[str, str]:
    """Returns the states of objects, each under the first spelling of its name that is there."""
    states = dict.fromkeys(image_paths, UNKNOWN)
    spellings = {path: possible_paths(image_root, path) for path in image_paths}
    listings: dict[str, Mapping[str, str]] = {}
    while spellings:
        addresses = {path: next(rest, None) for path, rest in spellings.items()}
        found = {path: address for path, address in addresses.items() if address is not None}
        wanted = Counter(posixpath.dirname(address) for address in found.values())
        new = [(folder, count) for folder, count in wanted.items() if folder not in listings]
        listings |= zip((name for name, _ in new), in_parallel(_listing, new), strict=True)
        for path, address in found.items():
            states[path] = listings[posixpath.dirname(address)].get(address, UNKNOWN)
        spellings = {path: spellings[path] for path in found if states[path] == UNKNOWN}
    return states


def _listing(folder_and_count: tuple[str, int]) -> Mapping[str, str]:
    folder, count = folder_and_count
    try:
        return folders.states(folder, max(_LEAST_LISTED, _LISTED_FOR_EACH * count))
    except (OSError, ValueError) as error:  # ValueError: no address of a bucket.
        _LOGGER.warning("%s is not listed, and its photos are read: %s", folder, error)
        return {}
