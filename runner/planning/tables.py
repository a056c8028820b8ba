"""Tables as far as they can be judged without a pixel."""

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from dataset.boxes import BoxError, parse_box
from dataset.csv_rows import Row, canonical, read_rows
from dataset.photos.files import find_photo, is_in_bucket
from dataset.split_names import names_in_both
from pipeline.config import Settings
from pipeline.run_inputs import ALL, RunInputs, csvs_by_split
from schemas.documents.plan import PlannedShared, PlannedTable
from schemas.reasons import RejectReason
from schemas.splits import UNLABELLED

_BATCH = 1 << 16


def judged(inputs: RunInputs) -> Iterator[PlannedTable]:
    """Yields each table of a run; reads it to its end, and looks for every photo.

    Raises:
      DataRefusedError: a table cannot be read.
    """
    validation = str(inputs.validation_csv) if inputs.validation_csv else None
    evaluation = str(inputs.eval_csv) if inputs.eval_csv else None
    csvs = csvs_by_split(str(inputs.train_csv), validation, evaluation)
    if inputs.predict_csv is not None:
        csvs = {**csvs, UNLABELLED: str(inputs.predict_csv)}
    for split, csv in csvs.items():
        root = inputs.image_root or Path(csv).parent
        yield _table(split, csv, str(root), inputs.moods)


def _table(split: str, csv: str, root: str, moods: Sequence[str]) -> PlannedTable:
    labelled = split != UNLABELLED
    faults: Counter[str] = Counter()
    by_mood = dict.fromkeys(moods, 0) if labelled else {}
    clips, animals, boxes = _Distinct(), _Distinct(), _Distinct()
    rows = usable = 0
    for row in read_rows(csv, labelled=labelled):
        rows += 1
        clips.add(row.clip)
        animals.add(row.group)
        if (reason := _fault(row, root, by_mood, labelled=labelled)) is not None:
            faults[reason.value] += 1
            continue
        boxes.add(f"{canonical(row.image_path)} {parse_box(row.bbox)}")
        usable += 1
        if labelled:
            by_mood[row.label] += 1
    # Which of the equal rows are refused is for the ingest to say, and so their moods are counted.
    if repeated := usable - boxes.count():
        faults[RejectReason.DUPLICATE_ROW.value] = repeated
    return {
        "path": csv,
        "split": split,
        "rows": rows,
        "usable": usable - repeated,
        "moods": by_mood,
        "clips": clips.count(),
        "animals": animals.count(),
        "faults": dict(faults),
    }


def _fault(row: Row, root: str, moods: dict[str, int], *, labelled: bool) -> RejectReason | None:
    """Returns why the ingest will refuse a row, if that shows without its photo."""
    if row.fault:
        return RejectReason.ROW_MALFORMED
    if labelled and row.label not in moods:
        return RejectReason.UNKNOWN_LABEL
    try:
        parse_box(row.bbox)
    except BoxError as error:
        return error.reason
    # Asking a bucket for each would take longer than reading them.
    if not is_in_bucket(root, row.image_path) and find_photo(root, row.image_path) is None:
        return RejectReason.IMAGE_MISSING
    return None


class _Distinct:
    """Counts distinct names by their hashes, in 8 bytes a name."""

    def __init__(self) -> None:
        self._known = np.zeros(0, np.uint64)
        self._new: list[int] = []

    def add(self, name: str) -> None:
        if name:
            digest = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8)
            self._new.append(int.from_bytes(digest.digest(), "little"))
        if len(self._new) >= _BATCH:
            self.count()

    def count(self) -> int:
        self._known = np.union1d(self._known, np.array(self._new, np.uint64))
        self._new = []
        return len(self._known)


def shared(settings: Settings, tables: Sequence[PlannedTable]) -> Iterator[PlannedShared]:
    """Yields the clips and animals that each two tables with moods share."""
    labelled = [table for table in tables if table["split"] not in (ALL, UNLABELLED)]
    for first, second in itertools.combinations(labelled, 2):
        found = names_in_both(first["path"], second["path"])
        yield {
            "first": first["split"],
            "second": second["split"],
            "clips": found.clips.number,
            "animals": found.groups.number,
            "max_clips": settings.leak.max_clips,
            "max_animals": settings.leak.max_groups,
        }


def problems(
    settings: Settings, tables: Sequence[PlannedTable], pairs: Sequence[PlannedShared]
) -> Iterator[str]:
    """Yields why the run would refuse this data."""
    limit = settings.data.max_reject_fraction
    for table in tables:
        if not table["usable"]:
            yield f"{table['path']} has no usable row. Correct the rows by the reasons above"
        elif (
            table["split"] != UNLABELLED and table["rows"] - table["usable"] > limit * table["rows"]
        ):
            share = 1 - table["usable"] / table["rows"]
            yield (
                f"{share:.1%} of the rows of {table['path']} cannot be used, "
                f"data.max_reject_fraction allows {limit:.1%}. Correct them, or raise the limit"
            )
    for pair in pairs:
        for what, setting in (("clips", "leak.max_clips"), ("animals", "leak.max_groups")):
            number = pair[what]  # type: ignore[literal-required]
            allowed = pair[f"max_{what}"]  # type: ignore[literal-required]
            if number > allowed:
                yield (
                    f"{number} {what} are in {pair['first']} and in {pair['second']}, {setting} "
                    f"allows {allowed}. Give all rows as one CSV, which is split by animal or "
                    "clip; for AI Hub's data see --animals-in-both of dataset.prepare"
                )
