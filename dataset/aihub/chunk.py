"""Processes a chunk of label files, one worker's task: writes rows, rejects and clip records.

A chunk is three files in the work folder. ``.json`` is written last and holds the chunk's key: a
chunk with this file is finished, and is not processed again after an interruption.
"""

import csv
import hashlib
import io
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import orjson

from dataset.aihub.animals import AnimalClip
from dataset.aihub.clip_frames import Cell, Fault, ImageCheck, check_frames
from dataset.aihub.clip_json import ClipError, count_annotations, load, parse_clip
from dataset.aihub.label_files import LabelFile, list_images, printable
from schemas.prepare_reasons import PrepareReason
from system.csv_files import CsvWriter
from system.files import write_whole

_VERSION = 3
"""Raise it with every change of the content of a chunk's files."""


class ChunkJob(NamedTuple):
    """One worker's task; ``folder`` is the work folder, ``root`` an absolute path."""

    number: int
    root: str
    folder: str
    files: tuple[LabelFile, ...]
    mood_names: tuple[str, ...]
    check_images: bool

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
      row_bytes, reject_bytes: length of the clip's part of the chunk's ``.rows`` and ``.rejects``.
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
    animal: AnimalClip | None


def process_chunk(job: ChunkJob) -> int:
    """Processes a chunk unless it is finished; returns the number of label files that it read."""
    key = _key(job)
    if _is_finished(job, key):
        return 0
    check = _image_check(job.root) if job.check_images else None
    records = []
    with open(f"{job.stem}.rows", "wb") as rows, open(f"{job.stem}.rejects", "wb") as rejects:
        for label in job.files:
            record, row_text, reject_text = _process_clip(job, label, check)
            rows.write(row_text)
            rejects.write(reject_text)
            records.append([*record[:-1], list(record.animal) if record.animal else None])
    write_whole(Path(f"{job.stem}.json"), orjson.dumps({"key": key, "clips": records}))
    return len(job.files)


def read_records(job: ChunkJob) -> list[ClipRecord]:
    """Returns the records of a finished chunk, in the order of its files."""
    content = orjson.loads(Path(f"{job.stem}.json").read_bytes())
    return [
        ClipRecord._make([*cells[:-1], AnimalClip(*cells[-1]) if cells[-1] else None])
        for cells in content["clips"]
    ]


def csv_bytes(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Returns the rows as lines of a CSV in UTF-8."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return _utf8(text)


def _reject_bytes(rejects: Iterable[Sequence[object]]) -> bytes:
    """Returns lines of the rejects table, whose names and details may hold anything."""
    text = io.StringIO()
    CsvWriter(text).write_all(rejects)
    return _utf8(text)


def _utf8(text: io.StringIO) -> bytes:
    return text.getvalue().encode("utf-8", "backslashreplace")


def _key(job: ChunkJob) -> str:
    """Returns a hash of the chunk's settings and of the size and time of its inputs.

    An image that is added or removed changes its folder's time. An image that is replaced by
    another of the same name is not noticed.
    """
    settings = (_VERSION, job.root, job.mood_names, job.check_images)
    digest = hashlib.sha256(repr(settings).encode())
    for label in job.files:
        states = [_size_and_time(f"{job.root}/{label.path}")]
        states += [_size_and_time(f"{job.root}/{path}") for path in label.image_folders()]
        digest.update(repr((label, states)).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()


def _size_and_time(path: str) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return (-1, -1)
    return status.st_size, status.st_mtime_ns


def _is_finished(job: ChunkJob, key: str) -> bool:
    try:
        content = orjson.loads(Path(f"{job.stem}.json").read_bytes())
        if content["key"] != key:
            return False
        records = read_records(job)
        # After a power cut the last file may be on the disk and the others not.
        return os.path.getsize(f"{job.stem}.rows") == sum(
            record.row_bytes for record in records
        ) and os.path.getsize(f"{job.stem}.rejects") == sum(
            record.reject_bytes for record in records
        )
    except (OSError, ValueError):
        return False


def _image_check(root: str) -> ImageCheck:
    # Importing Pillow and NumPy takes longer than reading a small tree.
    from dataset.aihub.image_headers import header_fault

    def check(path: str, width: int, height: int) -> Fault | None:
        return header_fault(f"{root}/{path}", width, height)

    return check


def _process_clip(
    job: ChunkJob, label: LabelFile, check: ImageCheck | None
) -> tuple[ClipRecord, bytes, bytes]:
    """Returns the record, the rows' text and the rejects' text of a label file."""
    file, annotated = printable(label.path), 0
    try:
        if label.refused:
            raise ClipError(label.refused, label.detail)
        content = load(f"{job.root}/{label.path}")
        annotated = count_annotations(content)
        clip = parse_clip(content, job.mood_names, label.species.upper())
        images = list_images(job.root, label)
        if images is None:
            raise ClipError(PrepareReason.IMAGE_FOLDER_MISSING, next(label.image_folders()))
    except Exception as error:
        # Any error: a label file must not end a preparation of sixty thousand others.
        reason = error.reason if isinstance(error, ClipError) else PrepareReason.UNEXPECTED_ERROR
        detail = str(error) if isinstance(error, ClipError) else f"{type(error).__name__}: {error}"
        reject_text = _reject_bytes([(file, "", reason.value, detail)])
        record = ClipRecord(
            file=file,
            split=label.split,
            clip="",
            mood="",
            annotated=annotated,
            without_image=0,
            unannotated=0,
            rows=0,
            rejects={reason.value: 1},
            row_bytes=0,
            reject_bytes=len(reject_text),
            animal=None,
        )
        return record, b"", reject_text

    frames = check_frames(clip, images, check)
    row_text = csv_bytes(frames.rows)
    reject_text = _reject_bytes(
        (file, reject.frame, reject.reason.value, reject.detail) for reject in frames.rejects
    )
    record = ClipRecord(
        file=file,
        split=label.split,
        clip=clip.name,
        mood=clip.mood,
        annotated=annotated,
        without_image=frames.without_image,
        unannotated=frames.unannotated,
        rows=len(frames.rows),
        rejects=dict(Counter(reject.reason.value for reject in frames.rejects)),
        row_bytes=len(row_text),
        reject_bytes=len(reject_text),
        animal=clip.animal,
    )
    return record, row_text, reject_text
