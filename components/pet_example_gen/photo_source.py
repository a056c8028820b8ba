"""Where a block's photos come from: files of this machine, or objects that are fetched ahead."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence

from components.pet_example_gen.job import ShardJob
from dataset.csv_rows import Row
from dataset.photos.files import is_in_bucket, read_photo
from dataset.thinning import first_reads
from system.parallel import ReadAhead, Reserve

MAX_AHEAD = 64 << 20
"""Bytes of photos that a worker holds before it comes to their rows."""


class BucketError(RuntimeError):
    """A bucket that does not answer, or not to us: that is no fault of a row."""


class PhotoSource:
    """Reads the photos of a block's rows."""

    def __init__(self, job: ShardJob, objects: ReadAhead[Row] | None = None) -> None:
        self._job = job
        self._objects = objects

    def read(self, row: Row) -> bytes:
        """Returns a photo's bytes.

        Raises:
          PhotoError: there is none, or it is too large.
          BucketError: its bucket does not answer, or the credentials are not enough.
        """
        if self._objects is None or not is_in_bucket(self._job.image_root, row.image_path):
            return _read(self._job, row)
        try:
            return self._objects.take(row)
        except OSError as error:
            raise BucketError(f"{error}. Photos that are read again are not lost") from error


@contextlib.contextmanager
def photo_source(job: ShardJob, clips: Iterable[Sequence[Row]]) -> Iterator[PhotoSource]:
    """Yields the photos of a block, whose clips are read in this order."""
    rows = [
        row
        for clip in clips
        for row in expected_reads(job, clip)
        if is_in_bucket(job.image_root, row.image_path)
    ]
    if not rows:
        yield PhotoSource(job)
        return

    def fetch(row: Row, reserve: Reserve) -> bytes:
        return _read(job, row, reserve)

    with ReadAhead(fetch, rows, MAX_AHEAD) as objects:
        yield PhotoSource(job, objects)


def expected_reads(job: ShardJob, clip: Sequence[Row]) -> list[Row]:
    """Returns the rows of a clip whose photos will be read, in order, unless some are refused."""
    whole, others = divided(job, clip)
    rows = whole + (first_reads(others, job.settings.thin) if others else [])
    moods = job.settings.moods
    return [
        row for row in rows if not row.fault and (not job.settings.labelled or row.label in moods)
    ]


def divided(job: ShardJob, clip: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Returns the rows that are read all, and those of which some are kept."""
    whole = [row for row in clip if not job.thinned or row.label in job.unthinned_moods]
    if len(whole) == len(clip):
        return whole, []
    return whole, [row for row in clip if row.label not in job.unthinned_moods]


def _read(job: ShardJob, row: Row, reserve: Reserve = lambda size: None) -> bytes:
    data = job.settings.data
    return read_photo(
        job.image_root,
        row.image_path,
        data.max_image_bytes,
        reserve,
        below_root=data.stay_below_root,
    )
