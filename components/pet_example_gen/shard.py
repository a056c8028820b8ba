"""The worker's part of the ingest: turns a block of rows into a shard.

Photos are read, cut and written by one process; no other process gets their pixels.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from components.pet_example_gen import shard_files
from components.pet_example_gen.counting import BlockCounter
from components.pet_example_gen.decoder import decode_region
from components.pet_example_gen.example import build_example, build_frame
from components.pet_example_gen.job import ShardJob
from components.pet_example_gen.known_samples import KnownSamples
from components.pet_example_gen.photo_source import (
    BucketError,
    PhotoSource,
    divided,
    photo_source,
)
from components.pet_example_gen.row_keys import reading_version, row_key
from components.pet_example_gen.scene_choice import Boxes, scene_boxes
from dataset.boxes import BoxError, PixelBox, parse_box
from dataset.csv_rows import Row, canonical
from dataset.partition import rows_of_block
from dataset.photo import make_crop
from dataset.photos.parsed import PhotoError
from dataset.photos.states import photo_states
from dataset.scenes import Scene, make_scene
from dataset.thinning import thin_clip
from schemas import frame_columns
from schemas.reasons import RejectReason
from system import progress
from system.storage import open_file

_LOGGER = logging.getLogger(__name__)

_REPORT_EVERY = 50
"""Least number of rows between two reports of the progress."""


class Sample(NamedTuple):
    """A usable frame: its row, its Example, serialised, and its row of the frames table."""

    row: Row
    record: bytes
    frame: dict[str, Any]

    @property
    def phash(self) -> int:
        """Perceptual hash of the view, 64 bits."""
        return int(self.frame[frame_columns.PHASH])

    @property
    def clipped(self) -> bool:
        """Whether the box reached past the photo's edge."""
        return bool(self.frame[frame_columns.CLIPPED])


def write_shard(job: ShardJob) -> bool:
    """Writes the block's files; see ``shard_files``.

    The same job gives the same bytes, and each file appears whole or not at all. So a worker may
    die and another repeat the job. Examples and frames are also the same whatever is taken over
    from earlier results; the counts tell how much is.

    Returns:
      Whether the files were written: False where an earlier run had finished the block, and
      neither its rows nor its photos nor the settings have changed since.
    """
    rows = list(rows_of_block(job.block, open_file))
    clips = _by_clip(rows)
    scenes = scene_boxes(job, clips)
    row_keys = _row_keys(job, rows, scenes)
    key = _key(job, rows, row_keys)
    if shard_files.is_finished(job.stem, key):
        _report(job, len(rows))
        return False

    counter = BlockCounter()
    unreported = 0
    with (
        photo_source(job, clips) as photos,
        KnownSamples(job.earlier) as known,
        shard_files.ShardWriter(job.stem) as writer,
    ):
        reader = _Reader(job, photos, known, row_keys, scenes)
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
        counts = counter.counts(reader.reused, reader.photos_read)
        writer.finish(key, counts, [_reject(job, refusal) for refusal in refusals])
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
    """Reads rows of a block, and keeps the refusals in the order of reading.

    What the CSV alone tells is checked each time. Refused photos are read each time, too.
    """

    def __init__(
        self,
        job: ShardJob,
        photos: PhotoSource,
        known: KnownSamples,
        row_keys: Mapping[int, str],
        scenes: Mapping[int, Boxes],
    ) -> None:
        self.refusals: list[_Refusal] = []
        self.reused = self.photos_read = 0
        self._job = job
        self._known = known
        self._row_keys = row_keys
        self._scenes = scenes
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

        key = self._row_keys[row.line]
        if (known := self._known.get(row, key)) is not None:
            self.reused += 1
            return Sample(row, *known)
        self.photos_read += 1
        photo = self._photos.read(row)
        crop = make_crop(photo, box, settings.data, settings.side, decode_region)
        scene = self._scene(row, photo)
        record = build_example(row, crop, scene).SerializeToString(deterministic=True)
        more = {
            frame_columns.CLIPPED: crop.box != box,
            frame_columns.SCENE: scene is not None,
            frame_columns.KEY: key,
        }
        return Sample(row, record, build_frame(row, crop) | more)

    def _scene(self, row: Row, photo: bytes) -> Scene | None:
        if row.line not in self._scenes:
            return None
        side = self._job.settings.scenes.side_in(self._job.block.split)
        try:
            return make_scene(photo, self._scenes[row.line], self._job.settings.data, side)
        except PhotoError:  # It breaks off below the crop, which can be used even so.
            return None


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


def _row_keys(job: ShardJob, rows: Sequence[Row], scenes: Mapping[int, Boxes]) -> dict[int, str]:
    """Returns the keys of rows by their lines; of the photos they have what a listing tells."""
    version = reading_version(job.settings)
    states = photo_states(job.image_root, [row.image_path for row in rows])
    side = job.settings.scenes.side_in(job.block.split)
    return {
        row.line: row_key(
            version,
            job.image_root,
            row,
            states[row.image_path],
            (side, *scenes[row.line]) if row.line in scenes else (),
        )
        for row in rows
    }


def _key(job: ShardJob, rows: Sequence[Row], row_keys: Mapping[int, str]) -> str:
    """Returns a hash of all that the block's files depend on."""
    settings = json.loads(job.settings.to_json())
    # The fingerprint of all photos; those of the block are in the rows' keys.
    del settings["photos"]
    digest = hashlib.sha256(
        repr((settings, job.image_root, job.thinned, sorted(job.unthinned_moods))).encode()
    )
    for row in rows:
        text = repr((*row, row_keys[row.line]))
        digest.update(text.encode("utf-8", "surrogateescape"))
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
