"""Processes a chunk of label files, one worker's task: writes its tables and clip records.

A chunk is four files in the work folder: rows, rejects, missing images, and ``.json``, which is
written last and holds the chunk's key. A chunk with this file is finished, and is not processed
again after an interruption.
"""

import csv
import hashlib
import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import orjson

from dataset.aihub.animals import AnimalClip
from dataset.aihub.clip_frames import Cell, Fault, ImageCheck, check_frames
from dataset.aihub.clip_json import Clip, ClipError, count_annotations, load, parse_clip
from dataset.aihub.label_files import LabelFile, list_images, printable
from schemas.prepare_reasons import PrepareReason
from system.csv_files import CsvWriter
from system.files import write_whole

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


_PARTS = (("rows", "row_bytes"), ("rejects", "reject_bytes"), ("missing", "missing_bytes"))
"""Endings of a chunk's tables, and the field of a record with the length of its part."""


class ClipTexts(NamedTuple):
    """Lines of a clip in each of the chunk's tables, in UTF-8."""

    rows: bytes = b""
    rejects: bytes = b""
    missing: bytes = b""


def process_chunk(job: ChunkJob) -> int:
    """Processes a chunk unless it is finished; returns the number of label files that it read."""
    key = _key(job)
    if _is_finished(job, key):
        return 0
    check = _image_check(job.root) if job.check_images else None
    records = []
    with ExitStack() as stack:
        files = [stack.enter_context(open(f"{job.stem}.{end}", "wb")) for end, _ in _PARTS]
        for label in job.files:
            record, texts = _process_clip(job, label, check)
            for file, text in zip(files, texts, strict=True):
                file.write(text)
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


def read_clips(job: ChunkJob) -> Iterator[tuple[ClipRecord, ClipTexts]]:
    """Yields the records of a finished chunk with their lines, in the order of its files."""
    with ExitStack() as stack:
        files = [stack.enter_context(open(f"{job.stem}.{end}", "rb")) for end, _ in _PARTS]
        for record in read_records(job):
            lengths = (getattr(record, name) for _, name in _PARTS)
            yield record, ClipTexts(*(file.read(n) for file, n in zip(files, lengths, strict=True)))


def csv_bytes(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Returns the rows as lines of a CSV in UTF-8."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return _utf8(text)


def guarded_bytes(rows: Iterable[Sequence[object]]) -> bytes:
    """Returns lines of a table for people, whose names and details may hold anything."""
    text = io.StringIO()
    CsvWriter(text).write_all(rows)
    return _utf8(text)


def _utf8(text: io.StringIO) -> bytes:
    return text.getvalue().encode("utf-8", "backslashreplace")


def _key(job: ChunkJob) -> str:
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


def _is_finished(job: ChunkJob, key: str) -> bool:
    try:
        content = orjson.loads(Path(f"{job.stem}.json").read_bytes())
        if content["key"] != key:
            return False
        records = read_records(job)
        # After a power cut the last file may be on the disk and the others not.
        return all(
            os.path.getsize(f"{job.stem}.{end}") == sum(getattr(record, name) for record in records)
            for end, name in _PARTS
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
) -> tuple[ClipRecord, ClipTexts]:
    """Returns the record and the lines of a label file."""
    file, annotated = printable(label.path), 0
    clip: Clip | None = None
    try:
        if label.refused:
            raise ClipError(label.refused, label.detail)
        content = load(f"{job.root}/{label.path}")
        annotated = count_annotations(content)
        clip = parse_clip(content, job.mood_names, label.species.upper())
        images = list_images(job.root, label)
        if images is None:
            raise ClipError(PrepareReason.IMAGE_FOLDER_MISSING, _no_folder(label))
        frames = check_frames(clip, images, check, job.box_overhang)
    except Exception as error:
        # Any error: a label file must not end a preparation of sixty thousand others.
        reason = error.reason if isinstance(error, ClipError) else PrepareReason.UNEXPECTED_ERROR
        detail = str(error) if isinstance(error, ClipError) else f"{type(error).__name__}: {error}"
        texts = ClipTexts(
            rejects=guarded_bytes([(file, "", reason.value, detail)]),
            missing=_missing_bytes(label, clip, "", annotated, None)
            if clip and reason == PrepareReason.IMAGE_FOLDER_MISSING
            else b"",
        )
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
            reject_bytes=len(texts.rejects),
            missing_bytes=len(texts.missing),
            animal=None,
        )
        return record, texts

    texts = ClipTexts(
        rows=csv_bytes(frames.rows),
        rejects=guarded_bytes(
            (file, reject.frame, reject.reason.value, reject.detail) for reject in frames.rejects
        ),
        missing=_missing_bytes(label, clip, images.path, annotated, frames.without_image)
        if frames.without_image
        else b"",
    )
    record = ClipRecord(
        file=file,
        split=label.split,
        clip=clip.name,
        mood=clip.mood,
        annotated=annotated,
        without_image=len(frames.without_image),
        unannotated=frames.unannotated,
        rows=len(frames.rows),
        rejects=dict(Counter(reject.reason.value for reject in frames.rejects)),
        row_bytes=len(texts.rows),
        reject_bytes=len(texts.rejects),
        missing_bytes=len(texts.missing),
        animal=clip.animal,
    )
    return record, texts


def _no_folder(label: LabelFile) -> str:
    return label.images or "no folder of its name is among the split's images"


def _missing_bytes(
    label: LabelFile, clip: Clip, folder: str, annotated: int, frames: list[int] | None
) -> bytes:
    """Returns the line of the table of missing images; ``frames`` None means all."""
    missing = annotated if frames is None else len(frames)
    numbers = "all" if frames is None else " ".join(map(str, frames))
    line = (label.split, printable(label.path), clip.name, clip.mood)
    return guarded_bytes([(*line, folder, annotated, missing, numbers)])
