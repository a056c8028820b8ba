"""Finds and reads the file of a row's photo.

The ingest, the fingerprint of the photos and the key of a block all find a photo here, so that a
photo that is read is also one whose change is noticed.
"""

import os
import posixpath
import re
import unicodedata
from collections.abc import Iterator

from dataset.photos.opening import check_bytes
from dataset.photos.parsed import PhotoError
from schemas.limits import MAX_IMAGE_BYTES
from schemas.reasons import RejectReason
from system.parallel import Reserve
from system.regular_files import IrregularFileError, open_regular
from system.storage import read_bytes

_WINDOWS_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_LONGEST = 1024 + 256
"""Bytes of an address: the longest name of an object, and more than a bucket's with its scheme.
Servers refuse a longer one as a faulty request, which would look like a fault of theirs."""
_UNREADABLE = re.compile(r"(https?|ftp|file)://", re.IGNORECASE)


def possible_paths(image_root: str, image_path: str) -> Iterator[str]:
    """Yields the paths at which a photo may be, the likeliest first, each once.

    Names are also tried composed (NFC) and decomposed (NFD), because archives made on macOS hold
    Korean names in NFD, and with slashes for backslashes, because tables made on Windows hold
    those. An object's name is tried without ``./``, ``x/../`` and double slashes, which a file
    system passes over and a bucket takes for names.

    Args:
      image_root: folder that relative paths start from.
      image_path: the row's, absolute or relative.
    """
    seen = set()
    for name in dict.fromkeys((image_path, image_path.replace("\\", "/"))):
        for path in (
            _join(image_root, name),
            _join(image_root, unicodedata.normalize("NFC", name)),
            _join(image_root, unicodedata.normalize("NFD", name)),
            unicodedata.normalize("NFC", _join(image_root, name)),
            unicodedata.normalize("NFD", _join(image_root, name)),
        ):
            place = _tidy(path)
            if place not in seen:
                seen.add(place)
                yield place


def find_photo(image_root: str, image_path: str) -> tuple[str, os.stat_result] | None:
    """Returns the path and the status of a photo on this machine; None if there is none.

    Folders of a path may be composed and others decomposed; they are tried one by one.
    """
    for path in possible_paths(image_root, image_path):
        if (status := _status(path)) is not None:
            return path, status
    if image_path.isascii():
        return None
    walked = _walk(image_root, image_path.replace("\\", "/"))
    status = _status(walked) if walked is not None else None
    return (walked, status) if walked is not None and status is not None else None


def is_in_bucket(image_root: str, image_path: str) -> bool:
    """Returns whether a row's photo has an address, and no path of this machine."""
    return bool(_ADDRESS.match(image_root) or _ADDRESS.match(image_path))


def photo_state(image_root: str, image_path: str) -> str:
    """Returns the size and the time of change of a photo; "-" for a missing one or an object."""
    if is_in_bucket(image_root, image_path):
        return "-"
    found = find_photo(image_root, image_path)
    return f"{found[1].st_size},{found[1].st_mtime_ns}" if found else "-"


def read_photo(
    image_root: str,
    image_path: str,
    max_bytes: int = MAX_IMAGE_BYTES,
    reserve: Reserve = lambda size: None,
    *,
    below_root: bool = False,
) -> bytes:
    """Returns the bytes of a photo.

    Args:
      image_root: folder that relative paths start from, on this machine or in a bucket.
      image_path: the row's.
      max_bytes: length of the largest photo that is read.
      reserve: is called with the number of bytes before an object's are in memory.
      below_root: refuse a photo that does not lie below the image root, links followed.

    Raises:
      PhotoError: IMAGE_MISSING, IMAGE_OUTSIDE_ROOT or IMAGE_TOO_LARGE.
    """
    if is_in_bucket(image_root, image_path):
        if below_root:
            _check_object_below(image_root, image_path)
        return _read_object(image_root, image_path, max_bytes, reserve)
    found = find_photo(image_root, image_path)
    if found is None:
        raise PhotoError(RejectReason.IMAGE_MISSING, _missing(image_root, image_path))
    # What is checked is what is read: a link that is changed meanwhile is not followed.
    path = _path_below(image_root, found[0]) if below_root else found[0]
    return read_file(path, max_bytes)


def read_file(path: str, max_bytes: int = MAX_IMAGE_BYTES) -> bytes:
    """Returns the bytes of a file of this machine.

    Raises:
      PhotoError: IMAGE_MISSING or IMAGE_TOO_LARGE.
    """
    # One byte more: the file may grow while it is read.
    photo = _read_regular(path, max_bytes + 1, max_bytes)
    check_bytes(len(photo), max_bytes)
    return photo


def read_beginning(path: str, length: int) -> bytes:
    """Returns the first bytes of a file of this machine, or all where it is shorter.

    Raises:
      PhotoError: IMAGE_MISSING.
    """
    return _read_regular(path, length, None)


def _read_regular(path: str, length: int, max_bytes: int | None) -> bytes:
    """Reads a regular file; with ``max_bytes``, none that is longer."""
    try:
        with open_regular(path) as file:
            if max_bytes is not None:
                check_bytes(os.fstat(file.fileno()).st_size, max_bytes)
            return file.read(length)
    except PhotoError:
        raise
    except IrregularFileError as error:
        detail = f"a photo must be a file. Received: {error}"
        raise PhotoError(RejectReason.IMAGE_MISSING, detail) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the name.
        raise PhotoError(RejectReason.IMAGE_MISSING, str(error)) from error


def _read_object(image_root: str, image_path: str, max_bytes: int, reserve: Reserve) -> bytes:
    if address := _UNREADABLE.match(image_path):
        detail = f"addresses of {address[1]}:// are not read: download the photos. Received"
        raise PhotoError(RejectReason.IMAGE_MISSING, f"{detail}: {image_path}")
    detail = ""
    for path in possible_paths(image_root, image_path):
        if len(path.encode("utf-8", "surrogatepass")) > _LONGEST:
            detail = detail or f"a bucket has no name of more than 1024 bytes: {path[:99]}…"
            continue
        try:
            photo = read_bytes(path, max_bytes, reserve)
        except (FileNotFoundError, ValueError) as error:  # ValueError: no address of a bucket.
            detail = detail or str(error)
            continue
        check_bytes(len(photo), max_bytes)
        return photo
    raise PhotoError(RejectReason.IMAGE_MISSING, detail)


def _path_below(image_root: str, path: str) -> str:
    """Returns the path without links; IMAGE_OUTSIDE_ROOT if it does not lie below the root."""
    root, real = os.path.realpath(image_root), os.path.realpath(path)
    if not real.startswith(os.path.join(root, "")):
        raise PhotoError(RejectReason.IMAGE_OUTSIDE_ROOT, f"it lies at {real}")
    return real


def _check_object_below(image_root: str, image_path: str) -> None:
    root = image_root.rstrip("/") + "/"
    address = _join(root, image_path.replace("\\", "/"))
    parts = address.removeprefix(root).split("/")
    if not address.startswith(root) or ".." in parts:
        raise PhotoError(RejectReason.IMAGE_OUTSIDE_ROOT, f"it lies at {address}")


def _join(image_root: str, name: str) -> str:
    return name if _ADDRESS.match(name) else posixpath.join(image_root, name)


def _tidy(path: str) -> str:
    if not _ADDRESS.match(path):
        return path
    scheme, _, rest = path.partition("://")
    bucket, slash, name = rest.partition("/")
    if "//" in name or "./" in name or name.startswith("/"):
        name = posixpath.normpath(name.lstrip("/"))
    return f"{scheme}://{bucket}{slash}{name}"


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (OSError, ValueError):  # ValueError: a NUL byte in the name.
        return None


def _walk(image_root: str, name: str) -> str | None:
    """Returns the path that has each part of a name as it is, composed or decomposed."""
    path = "/" if name.startswith("/") else image_root
    for part in filter(None, name.split("/")):
        forms = (part, unicodedata.normalize("NFC", part), unicodedata.normalize("NFD", part))
        form = next((form for form in forms if os.path.lexists(_join(path, form))), None)
        if form is None:
            return None
        path = _join(path, form)
    return path


def _missing(image_root: str, image_path: str) -> str:
    """Describes a missing photo, with what its path tells about the cause."""
    try:
        os.stat(_join(image_root, image_path))
        detail = "it has just appeared"
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the name.
        detail = str(error)
    if _WINDOWS_DRIVE.match(image_path):
        return f"{detail}. It is a path of a Windows machine: write paths from the image root"
    return detail
