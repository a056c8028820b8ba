"""The worker's part of the ingest: turns a block of rows into a shard.

Photos are read, cut and written by one process; no other process gets their pixels.
"""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from components.pet_example_gen import shard_files
from components.pet_example_gen.decoder import decode_region
from components.pet_example_gen.example import build_example, build_frame
from components.pet_example_gen.job import ShardJob
from components.pet_example_gen.photo_source import (
    BucketError,
    PhotoSource,
    divided,
    photo_source,
)
from dataset.boxes import BoxError, PixelBox, parse_box
from dataset.csv_rows import Row, canonical
from dataset.partition import rows_of_block
from dataset.photo import make_crop
from dataset.photos.files import photo_state
from dataset.photos.parsed import PhotoError
from dataset.thinning import thin_clip
from schemas.documents.ingest import BlockCounts
from schemas.reasons import RejectReason
from system import progress
from system.storage import open_file

_LOGGER = logging.getLogger(__name__)

_REPORT_EVERY = 50
"""Least number of rows between two reports of the progress."""


class Sample(NamedTuple):
    """A usable frame: its row, its Example, serialised, and its row of the frames table.

    ``clipped`` tells whether its box reached past the photo's edge.
    """

    row: Row
    clipped: bool
    phash: int
    record: bytes
    frame: dict[str, Any]


def write_shard(job: ShardJob) -> bool:
    """Writes the block's files; see ``shard_files``.

    The same job gives the same bytes, and each file appears whole or not at all. So a worker may
    die and another repeat the job.

    Returns:
      Whether the files were written: False where an earlier run had finished the block, and
      neither its rows nor its photos nor the settings have changed since.
    """
    rows = list(rows_of_block(job.block, open_file))
    key = _key(job, rows)
    if shard_files.is_finished(job.stem, key):
        _report(job, len(rows))
        return False

    clips = _by_clip(rows)
    counter = _Counter()
    unreported = 0
    with photo_source(job, clips) as photos, shard_files.ShardWriter(job.stem) as writer:
        reader = _Reader(job, photos)
        for clip_rows in clips:
            first_refusal = len(reader.refusals)
            samples = _read_clip(clip_rows, reader, job)
            for sample in samples:
                writer.write(sample.record, sample.frame)
            counter.add(clip_rows, samples, reader.refusals[first_refusal:])
            unreported += len(clip_rows)
            if unreported >= _REPORT_EVERY:
                _report(job, unreported)
                unreported = 0
        _report(job, unreported)
        refusals = sorted(reader.refusals, key=lambda refusal: refusal.row.line)
        writer.finish(key, counter.counts(), [_reject(job, refusal) for refusal in refusals])
    return True


class _Refusal(NamedTuple):
    row: Row
    reason: RejectReason
    detail: str


class _RefusedError(Exception):
    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class _Reader:
    """Reads rows of a block, and keeps the refusals in the order of reading."""

    def __init__(self, job: ShardJob, photos: PhotoSource) -> None:
        self.refusals: list[_Refusal] = []
        self._job = job
        self._photos = photos
        self._first_rows: dict[tuple[str, PixelBox], Row] = {}

    def read(self, row: Row) -> Sample | None:
        """Returns the sample of a row; None where the row is refused.

        Raises:
          BucketError: as ``PhotoSource.read`` does. The node is tried again, and goes on.
        """
        try:
            return self._sample(row)
        except (_RefusedError, BoxError, PhotoError) as error:
            self.refusals.append(_Refusal(row, error.reason, str(error)))
        except BucketError:
            raise
        except Exception as error:
            # The last net: a row must not end a run of two million others.
            _LOGGER.exception("Line %d of %s", row.line, self._job.block.source)
            detail = f"{type(error).__name__}: {error}"
            self.refusals.append(_Refusal(row, RejectReason.UNEXPECTED_ERROR, detail))
        return None

    def _sample(self, row: Row) -> Sample:
        settings = self._job.settings
        if row.fault:
            raise _RefusedError(RejectReason.ROW_MALFORMED, row.fault)
        if settings.labelled and row.label not in settings.moods:
            raise _RefusedError(RejectReason.UNKNOWN_LABEL, f"{row.label!r}")
        box = parse_box(row.bbox)
        first = self._first_rows.setdefault((canonical(row.image_path), box), row)
        if first is not row:
            other_label = f", which says {first.label}" if first.label != row.label else ""
            detail = f"same image and box as line {first.line}{other_label}"
            raise _RefusedError(RejectReason.DUPLICATE_ROW, detail)

        photo = self._photos.read(row)
        crop = make_crop(photo, box, settings.data, settings.side, decode_region)
        record = build_example(row, crop).SerializeToString(deterministic=True)
        return Sample(row, crop.box != box, crop.phash, record, build_frame(row, crop))


class _Counter:
    """Counts the rows of a block, clip by clip."""

    def __init__(self) -> None:
        self._rows = 0
        self._clips: set[str] = set()
        self._clipped = 0
        self._used = Counter[str]()
        self._thinned = Counter[str]()
        self._refused = Counter[str]()

    def add(
        self, rows: Sequence[Row], samples: Sequence[Sample], refusals: Sequence[_Refusal]
    ) -> None:
        """Adds a clip: its rows, those that are used, and those that are refused."""
        self._rows += len(rows)
        self._clips.update(sample.row.clip for sample in samples)
        self._clipped += sum(sample.clipped for sample in samples)
        self._used.update(sample.row.label for sample in samples)
        self._refused.update(refusal.reason.value for refusal in refusals)
        if len(samples) + len(refusals) < len(rows):
            self._thinned.update(row.label for row in rows)
            self._thinned.subtract(sample.row.label for sample in samples)
            self._thinned.subtract(refusal.row.label for refusal in refusals)

    def counts(self) -> BlockCounts:
        """Returns the sums; moods and reasons without rows are left out."""
        return {
            "rows": self._rows,
            "used": self._used.total(),
            "clips": len(self._clips),
            "clipped": self._clipped,
            "moods": dict(self._used),
            "thinned": {mood: count for mood, count in self._thinned.items() if count},
            "refused": dict(self._refused),
        }


def _read_clip(rows: list[Row], reader: _Reader, job: ShardJob) -> list[Sample]:
    """Returns the samples of a clip that go into the shard, in the order of the rows."""
    whole, others = divided(job, rows)
    samples = [sample for row in whole if (sample := reader.read(row)) is not None]
    if others:
        samples += thin_clip(others, reader.read, job.settings.thin)
        samples.sort(key=lambda sample: sample.row.line)
    return samples


def _by_clip(rows: Iterable[Row]) -> list[list[Row]]:
    """Returns the rows clip by clip, in the order in which the clips begin."""
    clips: dict[str, list[Row]] = {}
    for row in rows:
        clips.setdefault(row.clip, []).append(row)
    return list(clips.values())


def _key(job: ShardJob, rows: Sequence[Row]) -> str:
    """Returns a hash of all that the block's files depend on.

    Of the photos it has what ``stat`` tells, not their bytes.
    """
    settings = json.loads(job.settings.to_json())
    # The fingerprint of all photos; those of the block are hashed below.
    del settings["photos"]
    digest = hashlib.sha256(
        repr((settings, job.image_root, job.thinned, sorted(job.unthinned_moods))).encode()
    )
    for row in rows:
        state = photo_state(job.image_root, row.image_path)
        digest.update(repr((*row, state)).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _reject(job: ShardJob, refusal: _Refusal) -> tuple[object, ...]:
    """Returns the refusal as a row with ``REJECT_COLUMNS``."""
    row = refusal.row
    return (
        job.block.split,
        job.block.source,
        row.line,
        row.image_path,
        refusal.reason.value,
        refusal.detail,
    )


def _report(job: ShardJob, rows: int) -> None:
    progress.report(f"read {job.block.split}", rows, job.split_rows, "rows")
