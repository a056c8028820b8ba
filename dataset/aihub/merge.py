"""Merges finished chunks into the final tables: drops duplicates, fills in groups, and counts."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, NamedTuple

from dataset.aihub.animals import AnimalsBy
from dataset.aihub.chunk import csv_bytes, guarded_bytes
from dataset.aihub.chunk_files import ChunkJob, ClipRecord, read_clips, read_records
from dataset.aihub.clip_frames import GROUP_MARK
from dataset.aihub.known_animals import ANIMALS_COLUMNS, ANIMALS_CSV, known_rows
from dataset.aihub.layout import SPLIT_FOLDERS, VAL_FOLDER
from dataset.aihub.prepare_summary import PrepareCounts, SharedAnimalCounts
from dataset.aihub.shared_animals import (
    DROP,
    MOVE,
    Policy,
    SharedAnimals,
    UsedClip,
    sensitivity,
)
from schemas import csv_columns
from schemas.prepare_reasons import (
    MISSING_COLUMNS,
    PREPARE_REJECT_COLUMNS,
    SHARED_ANIMAL_COLUMNS,
    PrepareReason,
)
from system.progress import report

REJECTS_CSV = "rejects.csv"
MISSING_CSV = "missing.csv"
SHARED_ANIMALS_CSV = "shared_animals.csv"
_MARK = GROUP_MARK.encode()


def csv_name(split: str) -> str:
    """Returns the file name of a split's table."""
    return f"{split}.csv"


TABLES = (*map(csv_name, SPLIT_FOLDERS), REJECTS_CSV, MISSING_CSV, SHARED_ANIMALS_CSV, ANIMALS_CSV)
"""Files that ``merge`` writes."""
_HEADERS = {
    REJECTS_CSV: PREPARE_REJECT_COLUMNS,
    MISSING_CSV: MISSING_COLUMNS,
    SHARED_ANIMALS_CSV: SHARED_ANIMAL_COLUMNS,
    ANIMALS_CSV: ANIMALS_COLUMNS,
}


class _Copy(NamedTuple):
    """A label file of a clip; if a clip has several, the greatest is kept."""

    has_rows: bool
    is_eval: bool
    rows: int
    file: str


def merge(
    jobs: Sequence[ChunkJob],
    folder: Path,
    mood_names: tuple[str, ...],
    animals_by: AnimalsBy,
    animals_in_both: Policy,
    known_animals: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Writes ``TABLES`` into ``folder`` and returns the summary.

    It reads the chunks several times: first their records, of which it keeps a small part, then
    all of their files, clip by clip.

    Args:
      jobs: finished chunks, in order.
      folder: for the tables; exists.
      mood_names: names of the label map.
      animals_by: what is equal in all clips of one animal.
      animals_in_both: what is done with train clips of animals that are also in val.
      known_animals: group by clip, of an earlier preparation.
    """
    kept = _kept_copies(jobs)
    known = known_animals or {}
    shared = SharedAnimals(list(_used_clips(jobs, kept)), animals_by, animals_in_both, known)
    total = sum(len(job.files) for job in jobs)
    counts = {split: PrepareCounts(mood_names) for split in SPLIT_FOLDERS}
    shared_counts = SharedAnimalCounts(mood_names, len(shared.shared))
    used: list[UsedClip] = []
    with ExitStack() as stack:
        tables = {name: stack.enter_context(open(folder / name, "wb")) for name in TABLES}
        for name, table in tables.items():
            table.write(csv_bytes([_HEADERS.get(name, csv_columns.PREPARED)]))

        # Rows and rejects, clip by clip.
        for job in jobs:
            for record, texts in read_clips(job):
                reject_text, missing_text = texts.rejects, texts.missing
                split = record.split
                if record.clip and record.file != kept[record.clip].file:
                    record, reject_text = _refused_copy(record, kept[record.clip])
                    missing_text = b""
                elif record.rows:
                    clip = _used_clip(record)
                    group, action = shared.groups[clip.name], shared.action(clip)
                    if line := shared.line(clip, record.file):
                        tables[SHARED_ANIMALS_CSV].write(guarded_bytes([line]))
                    if action in (DROP, MOVE):
                        shared_counts.add(clip)
                    if action == DROP:
                        record, reject_text = _dropped(record, group)
                        missing_text = b""
                    else:
                        split = VAL_FOLDER if action == MOVE else split
                        _write_rows(tables[csv_name(split)], texts.rows, group)
                        used.append(clip._replace(split=split))
                tables[REJECTS_CSV].write(reject_text)
                tables[MISSING_CSV].write(missing_text)
                counts[split].add(record)
            report("write tables", len(job.files), total, "clips")
        animals = known_rows({**known, **shared.groups}, animals_by)
        tables[ANIMALS_CSV].write(csv_bytes(animals))

    clips_of_groups = Counter(shared.groups[clip.name] for clip in used)
    splits_of_groups = {(shared.groups[clip.name], clip.split) for clip in used}
    return {
        "splits": {split: count.as_json() for split, count in counts.items()},
        "animals": {
            "animals_by": animals_by,
            "groups": len(clips_of_groups),
            "groups_in_both_splits": len(splits_of_groups) - len(clips_of_groups),
            "most_clips_in_a_group": max(clips_of_groups.values(), default=0),
            "animals_in_both": {
                "asked": animals_in_both,
                "policy": shared.policy,
                **shared_counts.as_json(),
            },
            "sensitivity": sensitivity(used),
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
            is_eval = record.split == VAL_FOLDER
            copy = _Copy(record.rows > 0, is_eval, record.rows, record.file)
            other = kept.get(record.clip)
            if other is None or copy[:3] > other[:3]:
                kept[record.clip] = copy
    return kept


def _used_clips(jobs: Sequence[ChunkJob], kept: dict[str, _Copy]) -> Iterator[UsedClip]:
    for record in _records(jobs):
        if record.clip and record.rows and record.file == kept[record.clip].file:
            yield _used_clip(record)


def _used_clip(record: ClipRecord) -> UsedClip:
    return UsedClip(record.clip, record.split, record.mood, record.rows, record.animal)


def _refused_copy(record: ClipRecord, kept: _Copy) -> tuple[ClipRecord, bytes]:
    """Returns the record and the rejects' text of a clip whose other label file is kept."""
    same_split = kept.is_eval == (record.split == VAL_FOLDER)
    reason = PrepareReason.DUPLICATE_CLIP if same_split else PrepareReason.CLIP_IN_BOTH_SPLITS
    return _refused(record, reason, f"{record.clip} is kept from {kept.file}")


def _dropped(record: ClipRecord, group: str) -> tuple[ClipRecord, bytes]:
    """Returns the record and the rejects' text of a train clip whose animal is also in val."""
    detail = f"animal {group} is also in val; {record.rows} frames"
    return _refused(record, PrepareReason.ANIMAL_IN_BOTH_SPLITS, detail)


def _refused(record: ClipRecord, reason: PrepareReason, detail: str) -> tuple[ClipRecord, bytes]:
    text = guarded_bytes([(record.file, "", reason.value, detail)])
    return record._replace(clip="", rows=0, rejects={reason.value: 1}, animal=None), text


def _write_rows(table: IO[bytes], row_text: bytes, group: str) -> None:
    # csv_bytes quotes the group's name if necessary.
    cell = csv_bytes([(group,)]).removesuffix(b"\n")
    table.write(row_text.replace(_MARK, cell))
