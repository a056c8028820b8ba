"""A small CSV with every fault and oddity among good rows, and the expected counts."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from dataset.sample.clips import plan_split
from dataset.sample.extras import interleave, plan_extras, save_extra
from dataset.sample.faults import DRAWN_FAULTS
from dataset.sample.oddities import Oddity
from dataset.sample.rows import SampleRow, save_clip, write_csv
from dataset.sample.settings import SampleSettings
from schemas.labels import DEFAULT_MOODS
from schemas.reasons import RejectReason
from schemas.splits import TRAIN

SAMPLE_FAULTS = (*DRAWN_FAULTS, RejectReason.DUPLICATE_ROW)
"""Reasons that one row each of the sample is refused for."""

_FAULT_SETTINGS = SampleSettings(long_side=480, short_side=270, frames_per_clip=4)


class FaultCsv(NamedTuple):
    """A CSV with every fault and oddity, and the counts that its reading must give.

    Attributes:
      csv: path of the CSV.
      used: number of rows that must be used, by mood (NFC).
      refused: number of rows that must be refused, by reason.
    """

    csv: Path
    used: dict[str, int]
    refused: dict[RejectReason, int]


def expected_refusals(settings: SampleSettings) -> dict[RejectReason, int]:
    """Returns the number of train rows that must be refused, by reason; no eval row ever is."""
    return dict.fromkeys(SAMPLE_FAULTS, 1) if settings.with_faults else {}


def expected_used(settings: SampleSettings, split: str) -> dict[str, int]:
    """Returns the number of the split's rows that must be used, by mood in label map order."""
    counts = Counter[str]()
    for mood, clips in zip(DEFAULT_MOODS, settings.clips(split), strict=True):
        counts[mood] = clips * settings.frames_per_clip
    if split == TRAIN:
        counts.update(
            plan.clip.mood for plan in plan_extras(settings) if isinstance(plan.kind, Oddity)
        )
    return dict(counts)


def write_fault_csv(
    folder: Path, good_rows: int, settings: SampleSettings = _FAULT_SETTINGS
) -> FaultCsv:
    """Writes ``folder/faults.csv``: every fault and oddity among ordinary rows.

    Args:
      folder: created if it does not exist; must not hold images of an earlier call.
      good_rows: number of ordinary rows, >= 1; they are taken from clips of the train split.
      settings: sizes, seed, frames of a clip, and the number of clips that rows are taken from.

    Raises:
      ValueError: ``good_rows`` is not in 1..the number of the split's frames.
    """
    limit = sum(settings.train_clips) * settings.frames_per_clip
    if not 1 <= good_rows <= limit:
        raise ValueError(f"good_rows must lie in 1..{limit}. Received: {good_rows}")

    clips: list[list[SampleRow]] = []
    missing = good_rows
    for plan in plan_split(settings, TRAIN):
        if missing > 0:
            part = plan._replace(frames=min(missing, plan.frames))
            clips.append(save_clip(folder, settings, part))
            missing -= part.frames

    plans = plan_extras(settings)
    rows = interleave(clips, [save_extra(folder, settings, plan) for plan in plans])
    write_csv(folder / "faults.csv", rows, from_windows=settings.with_faults)

    used = Counter(row.labels for rows_of_clip in clips for row in rows_of_clip)
    used.update(plan.clip.mood for plan in plans if isinstance(plan.kind, Oddity))
    return FaultCsv(folder / "faults.csv", dict(used), expected_refusals(settings))
