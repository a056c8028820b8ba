"""A chunk's files in the work folder, and what is known of its clips.

A chunk is four files in the work folder: rows, rejects, missing images, and ``.json``, which is
written last and holds the chunk's key. A chunk with this file is finished, and is not processed
again after an interruption.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import orjson

from dataset.aihub.animals import AnimalClip
from dataset.aihub.label_file import LabelFile

_VERSION = 5
"""Raise it with every change of the content of a chunk's files."""


class ChunkJob(NamedTuple):
    """One worker's task; ``folder`` is the work folder, ``root`` an absolute path."""

    number: int
    root: str
    folder: str
    files: tuple[LabelFile, ...]
    mood_names: tuple[str, ...]
    check_images: bool
    box_overhang: float

    @property
    def stem(self) -> Path:
        """Path of the chunk's files without their endings."""
        return Path(self.folder) / f"{self.number:06d}"


class ClipRecord(NamedTuple):
    """Result of one label file.

    Attributes:
      file: path relative to the root.
      split: folder of the split.
      clip: name of the clip; "" for a refused label file.
      mood: of the clip; "" for a refused label file.
      annotated: number of annotated frames; 0 if the file could not be read.
      without_image: number of annotated frames without an image file.
      unannotated: number of files in the image folder that no annotation names.
      rows: number of used frames.
      rejects: lines in the rejects table, by reason.
      row_bytes, reject_bytes, missing_bytes: length of the clip's part of the chunk's ``.rows``,
        ``.rejects`` and ``.missing``.
      animal: None if it is unknown.
    """

    file: str
    split: str
    clip: str
    mood: str
    annotated: int
    without_image: int
    unannotated: int
    rows: int
    rejects: dict[str, int]
    row_bytes: int
    reject_bytes: int
    missing_bytes: int
    animal: AnimalClip | None


PARTS = (("rows", "row_bytes"), ("rejects", "reject_bytes"), ("missing", "missing_bytes"))
"""Endings of a chunk's tables, and the field of a record with the length of its part."""


class ClipTexts(NamedTuple):
    """Lines of a clip in each of the chunk's tables, in UTF-8."""

    rows: bytes = b""
    rejects: bytes = b""
    missing: bytes = b""


def read_records(job: ChunkJob) -> list[ClipRecord]:
    """Returns the records of a finished chunk, in the order of its files."""
    content = orjson.loads(Path(f"{job.stem}.json").read_bytes())
    return [
        ClipRecord._make([*cells[:-1], AnimalClip(*cells[-1]) if cells[-1] else None])
        for cells in content["clips"]
    ]


def read_clips(job: ChunkJob) -> Iterator[tuple[ClipRecord, ClipTexts]]:
    """Yields the records of a finished chunk with their lines, in the order of its files."""
    with ExitStack() as stack:
        files = [stack.enter_context(open(f"{job.stem}.{end}", "rb")) for end, _ in PARTS]
        for record in read_records(job):
            lengths = (getattr(record, name) for _, name in PARTS)
            yield record, ClipTexts(*(file.read(n) for file, n in zip(files, lengths, strict=True)))


def chunk_key(job: ChunkJob) -> str:
    """Returns a hash of the chunk's settings and of the size and time of its inputs.

    An image that is added or removed changes its folder's time. An image that is replaced by
    another of the same name is not noticed.
    """
    settings = (_VERSION, job.root, job.mood_names, job.check_images, job.box_overhang)
    digest = hashlib.sha256(repr(settings).encode())
    for label in job.files:
        states = [_size_and_time(f"{job.root}/{label.path}")]
        states += [_size_and_time(f"{job.root}/{label.images}")] if label.images else []
        digest.update(repr((label, states)).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()


def _size_and_time(path: str) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return (-1, -1)
    return status.st_size, status.st_mtime_ns


def is_finished(job: ChunkJob, key: str) -> bool:
    """Returns whether the chunk's files are there, whole and of this key."""
    try:
        content = orjson.loads(Path(f"{job.stem}.json").read_bytes())
        if content["key"] != key:
            return False
        records = read_records(job)
        # After a power cut the last file may be on the disk and the others not.
        return all(
            os.path.getsize(f"{job.stem}.{end}") == sum(getattr(record, name) for record in records)
            for end, name in PARTS
        )
    except (OSError, ValueError):
        return False
