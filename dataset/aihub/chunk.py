"""One worker's task: a chunk of label files to rows, rejects and a record a clip, on disk.

A chunk is three files in the work folder, of which ``.json`` is written last and holds the
chunk's key: where it stands, the chunk is finished and is not done again after an interruption.
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
from dataset.aihub.clip_frames import Cell, Fault, ImageCheck, judge_frames
from dataset.aihub.clip_json import ClipError, clip_from, frames_in, load
from dataset.aihub.label_files import LabelFile, list_images, shown
from schemas.prepare_reasons import PrepareReason
from system.files import write_whole

_VERSION = 1
"""To be raised with every change of what a chunk's files hold."""


class ChunkJob(NamedTuple):
    """What a worker is to do; ``folder`` is the work folder, ``root`` an absolute path."""

    number: int
    root: str
    folder: str
    files: tuple[LabelFile, ...]
    moods: tuple[str, ...]
    check_images: bool

    @property
    def stem(self) -> Path:
        """Path of the chunk's files without their endings."""
        return Path(self.folder) / f"{self.number:06d}"


class ClipRecord(NamedTuple):
    """What became of one label file.

    Attributes:
      file: path relative to the root.
      split: folder of the split.
      clip: its name; "" where the label file is refused.
      mood: likewise.
      annotated: annotated frames, 0 where the file could not be read.
      without_image: annotated frames that have no image file.
      unannotated: files in the image folder that no annotation names.
      rows: used frames.
      rejects: lines in the rejects table by reason.
      row_bytes, reject_bytes: of the clip's share in the chunk's ``.rows`` and ``.rejects``.
      animal: None where unknown.
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


def work_on(job: ChunkJob) -> int:
    """Does a chunk, unless it is finished, and returns how many label files were read anew."""
    key = _key(job)
    if _is_finished(job, key):
        return 0
    check = _image_check(job.root) if job.check_images else None
    records = []
    with open(f"{job.stem}.rows", "wb") as rows, open(f"{job.stem}.rejects", "wb") as rejects:
        for label in job.files:
            record, row_text, reject_text = _work_on_clip(job, label, check)
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
    return text.getvalue().encode("utf-8", "backslashreplace")


def _key(job: ChunkJob) -> str:
    """Returns a hash of all that the chunk's files depend on, as far as a stat can tell.

    An image that is replaced by another of the same name goes unnoticed; one that is added or
    removed changes its folder's time.
    """
    digest = hashlib.sha256(repr((_VERSION, job.root, job.moods, job.check_images)).encode())
    for label in job.files:
        facts = [_state(f"{job.root}/{label.path}")]
        facts += [_state(f"{job.root}/{path}") for path in label.image_folders()]
        digest.update(repr((label, facts)).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()


def _state(path: str) -> tuple[int, int]:
    try:
        facts = os.stat(path)
    except OSError:
        return (-1, -1)
    return facts.st_size, facts.st_mtime_ns


def _is_finished(job: ChunkJob, key: str) -> bool:
    try:
        content = orjson.loads(Path(f"{job.stem}.json").read_bytes())
        if content["key"] != key:
            return False
        records = read_records(job)
        # A machine that lost its power may have kept the last file and lost the others.
        return os.path.getsize(f"{job.stem}.rows") == sum(
            record.row_bytes for record in records
        ) and os.path.getsize(f"{job.stem}.rejects") == sum(
            record.reject_bytes for record in records
        )
    except (OSError, ValueError):
        return False


def _image_check(root: str) -> ImageCheck:
    # Pillow and NumPy take longer to import than a small tree takes to read.
    from dataset.aihub.image_headers import header_fault

    def check(path: str, width: int, height: int) -> Fault | None:
        return header_fault(f"{root}/{path}", width, height)

    return check


def _work_on_clip(
    job: ChunkJob, label: LabelFile, check: ImageCheck | None
) -> tuple[ClipRecord, bytes, bytes]:
    """Returns the record, the rows' text and the rejects' text of a label file."""
    file, annotated = shown(label.path), 0
    try:
        if label.refused:
            raise ClipError(label.refused, label.detail)
        content = load(f"{job.root}/{label.path}")
        annotated = frames_in(content)
        clip = clip_from(content, job.moods, label.species.upper())
        images = list_images(job.root, label)
        if images is None:
            raise ClipError(PrepareReason.IMAGE_FOLDER_MISSING, next(label.image_folders()))
    except ClipError as error:
        text = csv_bytes([(file, "", error.reason.value, str(error))])
        counts = {error.reason.value: 1}
        record = ClipRecord(
            file, label.split, "", "", annotated, 0, 0, 0, counts, 0, len(text), None
        )
        return record, b"", text
    frames = judge_frames(clip, images, check)
    row_text = csv_bytes(frames.rows)
    text = csv_bytes(
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
        reject_bytes=len(text),
        animal=clip.animal,
    )
    return record, row_text, text
