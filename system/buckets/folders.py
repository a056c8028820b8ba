"""Folders of a bucket: the objects whose names begin alike."""

import contextlib
import fnmatch
import os
import posixpath
from collections.abc import Iterator, Sequence
from pathlib import Path

from system.buckets.reading import open_object
from system.buckets.stores import address_parts, errors, store_of
from system.buckets.writing import ObjectWriter
from system.parallel import in_parallel

PAGE = 1000
"""Objects of a listing that come in one answer, the most that servers give."""


def size_and_time(address: str) -> tuple[int, int]:
    """Returns an object's length in bytes, and when it was written, nanoseconds since 1970.

    Raises:
      OSError: see ``system.buckets.stores.errors``.
    """
    import obstore

    store, name = store_of(address)
    with errors(address):
        found = obstore.head(store, name)
    return int(found["size"]), int(found["last_modified"].timestamp() * 1e9)


def size(address: str) -> int:
    """Returns an object's length in bytes; raises as ``size_and_time`` does."""
    return size_and_time(address)[0]


def exists(address: str) -> bool:
    """Returns whether there is an object of this name, or one in a folder of this name."""
    with contextlib.suppress(FileNotFoundError):
        size(address)
        return True
    return is_folder(address)


def is_folder(address: str) -> bool:
    """Returns whether there is an object in a folder of this name; a bucket itself is one."""
    return not address_parts(address)[2] or next(objects(address), None) is not None


def objects(folder: str) -> Iterator[tuple[str, int]]:
    """Yields the addresses and sizes of all objects in a folder and in the folders below it."""
    import obstore

    scheme, bucket, _ = address_parts(folder)
    store, prefix = store_of(folder)
    with errors(folder):
        for page in obstore.list(store, prefix, chunk_size=PAGE):
            for found in page:
                yield f"{scheme}{bucket}/{found['path']}", int(found["size"])


def states(folder: str, limit: int) -> dict[str, str]:
    """Returns the size and the entity tag, as one text, of objects in a folder, by address.

    Args:
      folder: its address.
      limit: objects that are listed at most, those in the folders below it among them.
    """
    import obstore

    scheme, bucket, _ = address_parts(folder)
    store, prefix = store_of(folder)
    found: dict[str, str] = {}
    with errors(folder):
        for page in obstore.list(store, prefix, chunk_size=PAGE):
            for each in page:
                tag = each["e_tag"] or each["last_modified"].isoformat()
                found[f"{scheme}{bucket}/{each['path']}"] = f"{each['size']},{tag}"
            if len(found) >= limit:
                break
    return found


def names(folder: str) -> tuple[list[str], list[str]]:
    """Returns the names of the folders and of the objects right in a folder, in order."""
    import obstore

    store, prefix = store_of(folder)
    with errors(folder):
        found = obstore.list_with_delimiter(store, prefix)
    folders = [posixpath.basename(path.rstrip("/")) for path in found["common_prefixes"]]
    files = [posixpath.basename(each["path"]) for each in found["objects"]]
    return sorted(folders), sorted(files)


def matching(pattern: str) -> list[str]:
    """Returns the addresses of objects and folders that match; only its last part may vary."""
    folder, last = posixpath.split(pattern)
    if not any(char in last for char in "*?["):
        return [pattern] if exists(pattern) else []
    parts = [*names(folder)[0], *names(folder)[1]]
    return [posixpath.join(folder, name) for name in sorted(fnmatch.filter(parts, last))]


def copy(source: str, target: str) -> None:
    """Copies an object, within a bucket without its bytes passing through this machine."""
    import obstore

    if address_parts(source)[:2] == address_parts(target)[:2]:
        store, name = store_of(source)
        with errors(source):
            obstore.copy(store, name, store_of(target)[1])
        return
    with open_object(source) as file, ObjectWriter(target) as copied:
        while part := file.read(1 << 22):
            copied.write(part)


def remove(address: str) -> None:
    """Removes an object, if it is there."""
    import obstore

    store, name = store_of(address)
    with errors(address), contextlib.suppress(FileNotFoundError):
        obstore.delete(store, name)


def remove_folder(folder: str) -> None:
    """Removes all objects in a folder and below it."""
    in_parallel(remove, [address for address, _ in objects(folder)])


def download(folder: str, target: Path) -> int:
    """Copies an object or a folder to this machine, several objects at a time.

    Returns:
      The number of bytes.
    """
    found = list(objects(folder)) or [(folder, size(folder))]

    def fetch(address: str) -> None:
        path = target if address == folder else target / posixpath.relpath(address, folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        with open_object(address) as file, path.open("wb") as copied:
            while part := file.read(1 << 22):
                copied.write(part)

    in_parallel(fetch, [address for address, _ in found])
    return sum(length for _, length in found)


def upload_file(source: Path, address: str) -> int:
    """Copies a file of this machine into a bucket; returns the number of bytes."""
    import obstore

    store, name = store_of(address)
    # A missing file of this machine is told as one, and not as a missing object.
    with source.open("rb") as file, errors(address):
        obstore.put(store, name, file)
        return os.fstat(file.fileno()).st_size


def upload(source: Path, folder: str, last: Sequence[str] = ()) -> int:
    """Copies a folder of this machine into a bucket, several files at a time.

    Args:
      source: the folder.
      folder: where its files come to be, under the same names.
      last: names of files that make the others valid, and are copied after them.

    Returns:
      The number of bytes.
    """

    def send(path: Path) -> int:
        return upload_file(path, posixpath.join(folder, path.relative_to(source).as_posix()))

    files = sorted(path for path in source.rglob("*") if path.is_file())
    first = [path for path in files if path.name not in last]
    return sum(in_parallel(send, first)) + sum(
        in_parallel(send, [path for path in files if path.name in last])
    )
