"""The worker's side of the ingest: a block of rows becomes a TFRecord shard.

Photos are read, cut and written by one process; only paths and counts leave it.
"""

import csv
import io
import json
import posixpath
from collections import Counter
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from tfx.dsl.io import fileio

from components.pet_example_gen.job import ShardJob
from components.storage import open_file
from dataset import progress
from dataset.boxes import BoxError, PixelBox, parse_box
from dataset.partition import rows_of_block
from dataset.picture import Crop, PictureError, make_crop, read_photo
from dataset.table import Row
from schemas import features
from schemas.reasons import RejectReason

_REPORT_EVERY = 50


class _RefusedError(Exception):
    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def write_shard(job: ShardJob) -> None:
    """Writes the block's shard, its rejects and its counts, the shard last.

    Each file appears whole or not at all, and twice the same work gives the same bytes, so a
    worker may die and another repeat the job.
    """
    rows = 0
    refused: list[tuple[object, ...]] = []
    moods: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    clips: set[str] = set()
    size = 0
    partial = job.shard + ".partial"
    with tf.io.TFRecordWriter(partial) as writer, _Reporter(job) as reporter:
        seen: dict[tuple[str, PixelBox], Row] = {}
        for row in rows_of_block(job.block, open_file):
            rows += 1
            reporter.step()
            try:
                example = _example(row, job, seen)
            except _RefusedError as refusal:
                reason = refusal.reason.value
                reasons[reason] += 1
                refused.append(
                    (
                        job.block.split,
                        job.block.source,
                        row.line,
                        row.image_path,
                        reason,
                        str(refusal),
                    )
                )
                continue
            record = example.SerializeToString(deterministic=True)
            writer.write(record)
            moods[row.label] += 1
            clips.add(row.clip)
            size += len(record)
    counts = {
        "rows": rows,
        "used": rows - len(refused),
        "clips": len(clips),
        "bytes": size,
        "moods": dict(moods),
        "refused": dict(reasons),
    }
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows(refused)
    _write_whole(job.rejects, table.getvalue())
    _write_whole(job.counts, json.dumps(counts, ensure_ascii=False))
    fileio.rename(partial, job.shard, overwrite=True)


def _example(row: Row, job: ShardJob, seen: dict[tuple[str, PixelBox], Row]) -> tf.train.Example:
    settings = job.settings
    if row.label not in settings.moods:
        raise _RefusedError(RejectReason.UNKNOWN_LABEL, f"{row.label!r}")
    try:
        box = parse_box(row.bbox)
        first = seen.setdefault((row.image_path, box), row)
        if first is not row:
            raise _RefusedError(
                RejectReason.DUPLICATE_ROW,
                f"same image and box as line {first.line}"
                + (f", which says {first.label}" if first.label != row.label else ""),
            )
        photo = read_photo(posixpath.join(job.image_root, row.image_path), open_file)
        crop = make_crop(photo, box, settings.data, settings.side)
    except (BoxError, PictureError) as error:
        raise _RefusedError(error.reason, str(error)) from error
    return _build(row, box, crop)


def _build(row: Row, box: PixelBox, crop: Crop) -> tf.train.Example:
    height, width = crop.image_height, crop.image_width
    values: dict[str, Any] = {
        features.IMAGE: crop.jpeg,
        features.IMAGE_PATH: row.image_path,
        features.IMAGE_HEIGHT: height,
        features.IMAGE_WIDTH: width,
        features.WINDOW: list(crop.window),
        features.BOX_TOP: box.y / height,
        features.BOX_LEFT: box.x / width,
        features.BOX_BOTTOM: (box.y + box.height) / height,
        features.BOX_RIGHT: (box.x + box.width) / width,
        features.BOX_AREA: box.height * box.width / (height * width),
        features.BOX_ASPECT: box.width / box.height,
        features.LABEL: row.label,
        features.CLIP: row.clip,
        features.SOURCE_LINE: row.line,
    }
    if row.species:
        values[features.SPECIES] = row.species
    if row.group:
        values[features.GROUP] = row.group
    return tf.train.Example(
        features=tf.train.Features(
            feature={name: _feature(value) for name, value in values.items()}
        )
    )


def _feature(value: bytes | str | int | float | list[int]) -> tf.train.Feature:
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    if isinstance(value, bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
    if isinstance(value, float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=[value]))
    ints = value if isinstance(value, list) else [value]
    return tf.train.Feature(int64_list=tf.train.Int64List(value=ints))


def _write_whole(path: str, text: str) -> None:
    with open_file(path + ".partial", "w") as file:
        file.write(text)
    fileio.rename(path + ".partial", path, overwrite=True)


class _Reporter:
    """Tells the progress every few rows."""

    def __init__(self, job: ShardJob) -> None:
        self._job = job
        self._untold = 0

    def __enter__(self) -> "_Reporter":
        return self

    def step(self) -> None:
        self._untold += 1
        if self._untold >= _REPORT_EVERY:
            self._tell()

    def _tell(self) -> None:
        split = self._job.block.split
        progress.report(f"read {split}", self._untold, self._job.split_rows, "rows")
        self._untold = 0

    def __exit__(self, *_: object) -> None:
        self._tell()


def joined_rejects(parts: list[str]) -> Iterator[list[str]]:
    """Yields the refused rows that ``write_shard`` wrote, in the order of the files."""
    for part in parts:
        with open_file(part, "r") as file:
            yield from csv.reader(file)
