"""SHA-256 sums of the files of a folder, in a file that ``sha256sum -c`` reads.

The format is that of GNU coreutils: a line "<64 hexadecimal digits>  <path>" for each file. A path
with a backslash or a line break is escaped, and its line begins with a backslash
(https://www.gnu.org/software/coreutils/manual/html_node/cksum-output-modes.html).
"""

import hashlib
import os
import posixpath
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

from schemas.errors import ConfigError

FILE = "SHA256SUMS"
"""Name of the manifest, in the folder that it is about."""

_BLOCK_BYTES = 1 << 20
_LINE = re.compile(rb"(\\?)([0-9a-fA-F]{64}) [ *](.+)")
_ESCAPES = {b"\\": b"\\\\", b"\n": b"\\n", b"\r": b"\\r"}
_MAX_NAMES = 3
"""Files that an error names; it counts the others."""
_REMEDY = "Do not use these files: take them from a copy, or push the model again"


def write(folder: Path) -> str:
    """Writes the manifest of all files below a folder; returns the manifest's own SHA-256.

    Raises:
      ConfigError: something there is neither a file nor a folder.
    """
    text = content(sha256_of_files(folder))
    (folder / FILE).write_bytes(text)
    return hashlib.sha256(text).hexdigest()


def content(sums: Mapping[str, str]) -> bytes:
    """Returns the manifest that lists these SHA-256 by path."""
    return b"".join(_line(name, sums[name]) for name in sorted(sums))


def check(folder: Path) -> str | None:
    """Returns the SHA-256 of a folder's manifest, to which all files agree; None without one.

    Raises:
      ConfigError: a file has changed, is missing, is not listed or cannot be read; the message
        names it.
    """
    path = folder / FILE
    if not os.path.lexists(path):
        return None
    try:
        # A pipe in its place would keep its reader waiting.
        text = path.read_bytes() if path.is_file() else b""
        sums = read(text, str(path))
        compare(sums, _files(folder), lambda name: sha256(folder / name), folder)
    except OSError as error:
        raise ConfigError(
            f"The files of {folder} must be readable, to be compared with its {FILE}. "
            f"Received: {error}. {_REMEDY}"
        ) from error
    return hashlib.sha256(text).hexdigest()


def read(text: bytes, source: str) -> dict[str, str]:
    """Returns the SHA-256 of each file that a manifest lists, by its path in the folder.

    Args:
      text: content of the manifest.
      source: its path, for error messages.

    Raises:
      ConfigError: it is no manifest, or lists a path twice or outside of the folder.
    """
    sums: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        found = _LINE.fullmatch(line)
        name = os.fsdecode(_unescaped(found[3]) if found[1] else found[3]) if found else ""
        if not found or name in sums or not _is_inside(name):
            raise ConfigError(
                f"{source} must list each file of its folder once, as sha256sum does. "
                f"Received in line {number}: {line[:200]!r}. {_REMEDY}"
            )
        sums[name] = found[2].decode("ascii").lower()
    if not sums:
        raise ConfigError(f"{source} must list the files of its folder. It lists none. {_REMEDY}")
    return sums


def compare(
    sums: Mapping[str, str],
    names: Iterable[str],
    sha256_of: Callable[[str], str],
    folder: Path | str,
) -> None:
    """Raises ConfigError, with the files' names, unless a folder's files are those of a manifest.

    Args:
      sums: SHA-256 by path, from ``read``.
      names: the paths of the files that are there, but the manifest's.
      sha256_of: returns the SHA-256 of the file at a path.
      folder: for the error message.
    """
    there = set(names)
    missing = sorted(sums.keys() - there)
    extra = sorted(there - sums.keys())
    changed = [name for name in sorted(sums.keys() & there) if sha256_of(name) != sums[name]]
    faults = [
        f"{_shown(found)} {fault}"
        for found, fault in ((changed, "changed"), (missing, "missing"), (extra, "not listed"))
        if found
    ]
    if faults:
        raise ConfigError(
            f"The files of {folder} must be those that its {FILE} lists. "
            f"Received: {'; '.join(faults)}. {_REMEDY}"
        )


def sha256_of_files(folder: Path) -> dict[str, str]:
    """Returns the SHA-256 of each file below a folder, but the manifest, by its path there.

    Raises:
      ConfigError: something there is neither a file nor a folder.
    """
    return {name: sha256(folder / name) for name in _files(folder)}


def sha256(path: Path) -> str:
    """Returns the SHA-256 of a file, as hexadecimal digits.

    Raises:
      ConfigError: it is no regular file. A pipe would keep its reader waiting for ever.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise ConfigError(f"A version consists of regular files and folders. Received: {path}")
    with path.open("rb") as file:
        return sha256_of(file)


def sha256_of(file: IO[bytes]) -> str:
    """Returns the SHA-256 of what is left to read of a file."""
    digest = hashlib.sha256()
    while block := file.read(_BLOCK_BYTES):
        digest.update(block)
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[str]:
    """Yields the path of everything below the folder but of folders and of the manifest."""
    for parent, folders, names in os.walk(folder):
        # os.walk does not follow links to folders: one that is no file is refused by its name.
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        for name in (*names, *links):
            path = os.path.relpath(os.path.join(parent, name), folder)
            if path != FILE:
                yield path


def _line(name: str, digest: str) -> bytes:
    encoded = os.fsencode(name)
    escaped = re.sub(rb"[\\\n\r]", lambda found: _ESCAPES[found[0]], encoded)
    mark = b"\\" if escaped != encoded else b""
    return mark + digest.encode("ascii") + b"  " + escaped + b"\n"


def _unescaped(name: bytes) -> bytes:
    plain = {escaped: character for character, escaped in _ESCAPES.items()}
    return re.sub(rb"\\[\\nr]", lambda found: plain[found[0]], name)


def _is_inside(name: str) -> bool:
    return (
        name != FILE
        and not name.startswith("/")
        and posixpath.normpath(name) == name
        and name.partition("/")[0] not in (".", "..")
    )


def _shown(names: list[str]) -> str:
    more = len(names) - _MAX_NAMES
    shown = ", ".join(
        name if name.isprintable() else ascii(name)[1:-1] for name in names[:_MAX_NAMES]
    )
    return f"{shown} and {more} more" if more > 0 else shown
