"""The worker's side of the ingest: a block of rows becomes a shard.

Photos are read, cut and written by one process; only paths and counts leave it.
"""

import hashlib
import json
import posixpath
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from components.pet_example_gen import shard_files
from components.pet_example_gen.decoder import decode_region
from components.pet_example_gen.example import build_example, build_frame
from components.pet_example_gen.job import ShardJob
from dataset.boxes import BoxError, PixelBox, parse_box
from dataset.csv_rows import Row
from dataset.decoding import PhotoError
from dataset.fingerprint import photo_state
from dataset.partition import rows_of_block
from dataset.photo import make_crop, read_photo
from dataset.thinning import thin_clip
from schemas.reasons import RejectReason
from system import progress
from system.storage import open_file

_REPORT_EVERY = 50


class Sample(NamedTuple):
    """A frame that can be used: its Example, serialized, and its row of the frames table."""

    row: Row
    phash: int
    record: bytes
    frame: dict[str, Any]


def write_shard(job: ShardJob) -> bool:
    """Writes the block's files; see ``shard_files``.

    Twice the same work gives the same bytes, and each file appears whole or not at all, so a
    worker may die and another repeat the job.

    Returns:
      Whether there was work: False where an earlier run had finished the block and neither
      its rows nor its photos nor the settings have changed since.
    """
    rows = list(rows_of_block(job.block, open_file))
    key = _key(job, rows)
    if shard_files.is_finished(job.stem, key):
        _report(job, len(rows))
        return False
    reader = _Reader(job)
    moods: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    clips: set[str] = set()
    untold = 0
    with shard_files.ShardWriter(job.stem) as writer:
        for clip_rows in _by_clip(rows):
            refused = len(reader.refused)
            samples = _kept(clip_rows, reader, job)
            for sample in samples:
                writer.write(sample.record, sample.frame)
                moods[sample.row.label] += 1
                clips.add(sample.row.clip)
            if len(samples) + len(reader.refused) - refused < len(clip_rows):
                dropped.update(row.label for row in clip_rows)
                dropped.subtract(sample.row.label for sample in samples)
                dropped.subtract(refusal.row.label for refusal in reader.refused[refused:])
            untold += len(clip_rows)
            if untold >= _REPORT_EVERY:
                _report(job, untold)
                untold = 0
        _report(job, untold)
        writer.finish(
            key,
            {
                "rows": len(rows),
                "used": moods.total(),
                "clips": len(clips),
                "moods": dict(moods),
                "thinned": {mood: count for mood, count in dropped.items() if count},
                "refused": dict(Counter(refusal.reason.value for refusal in reader.refused)),
            },
            [_reject(job, refusal) for refusal in sorted(reader.refused, key=lambda r: r.row.line)],
        )
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
    """Reads rows of a block and keeps the refusals."""

    def __init__(self, job: ShardJob) -> None:
        self.refused: list[_Refusal] = []
        self._job = job
        self._seen: dict[tuple[str, PixelBox], Row] = {}

    def read(self, row: Row) -> Sample | None:
        """Returns what a row gives; None where it is refused."""
        try:
            return self._sample(row)
        except (_RefusedError, BoxError, PhotoError) as error:
            self.refused.append(_Refusal(row, error.reason, str(error)))
            return None

    def _sample(self, row: Row) -> Sample:
        settings = self._job.settings
        if settings.labelled and row.label not in settings.moods:
            raise _RefusedError(RejectReason.UNKNOWN_LABEL, f"{row.label!r}")
        box = parse_box(row.bbox)
        first = self._seen.setdefault((row.image_path, box), row)
        if first is not row:
            but = f", which says {first.label}" if first.label != row.label else ""
            detail = f"same image and box as line {first.line}{but}"
            raise _RefusedError(RejectReason.DUPLICATE_ROW, detail)
        photo = read_photo(posixpath.join(self._job.image_root, row.image_path), open_file)
        crop = make_crop(photo, box, settings.data, settings.side, decode_region)
        record = build_example(row, box, crop).SerializeToString(deterministic=True)
        return Sample(row, crop.phash, record, build_frame(row, box, crop))


def _kept(rows: list[Row], reader: _Reader, job: ShardJob) -> list[Sample]:
    """Returns the samples of a clip that go into the shard, in the order of the rows."""
    whole = [row for row in rows if not job.thinned or row.label in job.whole_moods]
    samples = [sample for row in whole if (sample := reader.read(row)) is not None]
    if len(whole) < len(rows):
        rest = [row for row in rows if row.label not in job.whole_moods]
        samples += thin_clip(rest, reader.read, job.settings.thin)
        samples.sort(key=lambda sample: sample.row.line)
    return samples


def _by_clip(rows: Iterable[Row]) -> Iterable[list[Row]]:
    """Returns the rows clip by clip, in the order in which the clips begin."""
    clips: dict[str, list[Row]] = {}
    for row in rows:
        clips.setdefault(row.clip, []).append(row)
    return clips.values()


def _key(job: ShardJob, rows: list[Row]) -> str:
    """Returns a hash of all that the block's files depend on, as far as a stat can tell."""
    settings = json.loads(job.settings.to_json())
    # Of all photos; the block's own are looked at below.
    del settings["photos"]
    digest = hashlib.sha256(
        repr((settings, job.image_root, job.thinned, sorted(job.whole_moods))).encode()
    )
    for row in rows:
        state = photo_state(posixpath.join(job.image_root, row.image_path))
        digest.update(repr((*row, state)).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _reject(job: ShardJob, refusal: _Refusal) -> tuple[object, ...]:
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
