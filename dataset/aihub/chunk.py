"""Processes a chunk of label files, one worker's task: writes its tables and clip records."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import orjson

from dataset.aihub.chunk_files import PARTS, ChunkJob, ClipRecord, ClipTexts, chunk_key, is_finished
from dataset.aihub.clip_folders import list_images
from dataset.aihub.clip_frames import Cell, Fault, ImageCheck, check_frames
from dataset.aihub.clip_json import Clip, ClipError, count_annotations, load, parse_clip
from dataset.aihub.label_file import LabelFile, printable
from schemas.prepare_reasons import PrepareReason
from system.csv_files import CsvWriter
from system.files import write_whole


def process_chunk(job: ChunkJob) -> int:
    """Processes a chunk unless it is finished; returns the number of label files that it read."""
    key = chunk_key(job)
    if is_finished(job, key):
        return 0
    check = _image_check(job.root) if job.check_images else None
    records = []
    with ExitStack() as stack:
        files = [stack.enter_context(open(f"{job.stem}.{end}", "wb")) for end, _ in PARTS]
        for label in job.files:
            record, texts = _process_clip(job, label, check)
            for file, text in zip(files, texts, strict=True):
                file.write(text)
            records.append([*record[:-1], list(record.animal) if record.animal else None])
    write_whole(Path(f"{job.stem}.json"), orjson.dumps({"key": key, "clips": records}))
    return len(job.files)


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
