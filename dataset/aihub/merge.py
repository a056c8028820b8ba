"""Merges finished chunks into the final tables: drops duplicates, fills in groups, and counts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, NamedTuple

from dataset.aihub.animals import group_clips
from dataset.aihub.chunk import ChunkJob, ClipRecord, csv_bytes, read_records
from dataset.aihub.clip_frames import GROUP_MARK
from dataset.aihub.label_files import SPLIT_FOLDERS
from dataset.aihub.prepare_summary import PrepareCounts
from schemas import csv_columns
from schemas.prepare_reasons import PREPARE_REJECT_COLUMNS, PrepareReason
from system.progress import report

REJECTS_CSV = "rejects.csv"
_EVAL_FOLDER = SPLIT_FOLDERS[1]
_MARK = GROUP_MARK.encode()


def csv_name(split: str) -> str:
    """Returns the file name of a split's table."""
    return f"{split}.csv"


class _Copy(NamedTuple):
    """A label file of a clip; if a clip has several, the greatest is kept."""

    has_rows: bool
    is_eval: bool
    rows: int
    file: str


def merge(jobs: Sequence[ChunkJob], folder: Path, mood_names: tuple[str, ...]) -> dict[str, Any]:
    """Writes the tables into ``folder`` and returns the summary.

    It reads the chunks twice: first their records, of which it keeps a small part, then all of
    their files, clip by clip.

    Args:
      jobs: finished chunks, in order.
      folder: for the tables; exists.
      mood_names: names of the label map.
    """
    kept = _kept_copies(jobs)
    groups = _groups(jobs, kept)
    total = sum(len(job.files) for job in jobs)
    counts = {split: PrepareCounts(mood_names) for split in SPLIT_FOLDERS}
    splits_of_group: dict[str, set[str]] = {}
    with ExitStack() as stack:
        # Tables with their headers.
        tables = {
            split: stack.enter_context(open(folder / csv_name(split), "wb"))
            for split in SPLIT_FOLDERS
        }
        rejects_table = stack.enter_context(open(folder / REJECTS_CSV, "wb"))
        for table in tables.values():
            table.write(csv_bytes([csv_columns.PREPARED]))
        rejects_table.write(csv_bytes([PREPARE_REJECT_COLUMNS]))

        # Rows and rejects, clip by clip.
        for job in jobs:
            with (
                open(f"{job.stem}.rows", "rb") as rows,
                open(f"{job.stem}.rejects", "rb") as rejects,
            ):
                for record in read_records(job):
                    row_text = rows.read(record.row_bytes)
                    reject_text = rejects.read(record.reject_bytes)
                    if record.clip and record.file != kept[record.clip].file:
                        record, reject_text = _refused_copy(record, kept[record.clip])
                    elif record.rows:
                        group = groups.get(record.clip, record.clip)
                        splits_of_group.setdefault(group, set()).add(record.split)
                        _write_rows(tables[record.split], row_text, group)
                    rejects_table.write(reject_text)
                    counts[record.split].add(record)
            report("write tables", len(job.files), total, "clips")

    clips_per_group = Counter(groups.values())
    return {
        "splits": {split: count.as_json() for split, count in counts.items()},
        "animals": {
            "groups": len(splits_of_group),
            "groups_in_both_splits": sum(len(splits) > 1 for splits in splits_of_group.values()),
            "most_clips_in_a_group": max(
                clips_per_group.values(), default=min(1, len(splits_of_group))
            ),
        },
    }


def _records(jobs: Iterable[ChunkJob]) -> Iterable[ClipRecord]:
    for job in jobs:
        yield from read_records(job)


def _kept_copies(jobs: Sequence[ChunkJob]) -> dict[str, _Copy]:
    """Returns the label file to keep for each clip.

    A file that gives rows is preferred to one that gives none. Then the eval split is preferred
    to train, so that the eval data do not depend on the training data. Then the file with more
    rows is preferred.
    """
    kept: dict[str, _Copy] = {}
    for record in _records(jobs):
        if record.clip:
            is_eval = record.split == _EVAL_FOLDER
            copy = _Copy(record.rows > 0, is_eval, record.rows, record.file)
            other = kept.get(record.clip)
            if other is None or copy[:3] > other[:3]:
                kept[record.clip] = copy
    return kept


def _groups(jobs: Sequence[ChunkJob], kept: dict[str, _Copy]) -> dict[str, str]:
    return group_clips(
        record.animal
        for record in _records(jobs)
        if record.animal and record.rows and record.file == kept[record.clip].file
    )


def _refused_copy(record: ClipRecord, kept: _Copy) -> tuple[ClipRecord, bytes]:
    """Returns the record and the rejects' text of a clip whose other label file is kept."""
    same_split = kept.is_eval == (record.split == _EVAL_FOLDER)
    reason = PrepareReason.DUPLICATE_CLIP if same_split else PrepareReason.CLIP_IN_BOTH_SPLITS
    text = csv_bytes([(record.file, "", reason.value, f"{record.clip} is kept from {kept.file}")])
    refused = record._replace(clip="", rows=0, rejects={reason.value: 1}, animal=None)
    return refused, text


def _write_rows(table: IO[bytes], row_text: bytes, group: str) -> None:
    # csv_bytes quotes the group's name if necessary.
    cell = csv_bytes([(group,)]).removesuffix(b"\n")
    table.write(row_text.replace(_MARK, cell))
