"""Which odd and faulty rows a sample has, where they stand, and the counts to expect.

How each is made is in ``oddities`` and ``faults``; here is also the small CSV that has all
of them among good rows, for tests.
"""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from dataset.sample.clips import ClipPlan, draw_clip, plan_split
from dataset.sample.faults import DRAWN_FAULTS, save_fault
from dataset.sample.oddities import Oddity, save_oddity
from dataset.sample.rows import SampleRow, plain_row, save_clip, write_csv
from dataset.sample.settings import SPECIES_NAMES, TRAIN, SampleSettings
from schemas.labels import DEFAULT_MOODS
from schemas.reasons import FAULTS, RejectReason

_FIRST_NUMBER = 10_000_000
"""Of the extras' clips, above those of any sample."""
_FAULT_SETTINGS = SampleSettings(long_side=480, short_side=270, frames_per_clip=4)


class ExtraPlan(NamedTuple):
    """A clip of one frame that is written with an oddity or a fault."""

    kind: Oddity | RejectReason
    clip: ClipPlan


class FaultCsv(NamedTuple):
    """A CSV with every fault and oddity, and what a reader must make of it.

    ``used`` counts rows by mood (NFC), ``refused`` by reason.
    """

    csv: Path
    used: dict[str, int]
    refused: dict[RejectReason, int]


def plan_extras(settings: SampleSettings) -> list[ExtraPlan]:
    """Returns the extras of the train CSV: first oddities, then faults; none without faults."""
    if not settings.with_faults:
        return []
    kinds: list[Oddity | RejectReason] = [*Oddity, *DRAWN_FAULTS]
    return [ExtraPlan(kind, _clip_of(kind, _FIRST_NUMBER + i)) for i, kind in enumerate(kinds)]


def _clip_of(kind: Oddity | RejectReason, number: int) -> ClipPlan:
    # Upright landscape with the head at the right: beyond the width of the stored portrait,
    # so that a reader that overlooks the EXIF tag finds the box outside.
    rotated = kind is Oddity.EXIF_ROTATED
    return ClipPlan(
        name=f"{'odd' if isinstance(kind, Oddity) else 'fault'}-{kind.value}",
        number=number,
        mood=DEFAULT_MOODS[number % len(DEFAULT_MOODS)],
        species=SPECIES_NAMES[number // len(DEFAULT_MOODS) % 2],
        portrait=not rotated and number % 2 == 0,
        frames=1,
        place=(0.85, 0.5) if rotated else (0.5, 0.55),
    )


def save_extra(folder: Path, settings: SampleSettings, plan: ExtraPlan) -> list[SampleRow]:
    """Draws the extra, writes its file below ``folder`` and returns its one row."""
    frame = next(draw_clip(plan.clip, settings))
    row = plain_row(plan.clip, 0, frame.box)
    (folder / row.image_path).parent.mkdir(parents=True)
    if isinstance(plan.kind, Oddity):
        return [save_oddity(folder, plan.kind, frame, row, settings.jpeg_quality)]
    return [save_fault(folder, plan.kind, frame, row, settings.jpeg_quality)]


def mixed(clips: list[list[SampleRow]], extras: list[list[SampleRow]]) -> list[SampleRow]:
    """Returns all rows with the extras spread between the clips and a duplicate at the end.

    Without extras there is no duplicate either.
    """
    after: dict[int, list[SampleRow]] = {}
    for i, rows in enumerate(extras):
        after.setdefault(i * len(clips) // len(extras), []).extend(rows)
    merged = [row for i, rows in enumerate(clips) for row in (*rows, *after.get(i, []))]
    return merged + clips[0][:1] if extras else merged


def expected_refusals(settings: SampleSettings) -> dict[RejectReason, int]:
    """Returns how many train rows must be refused, by reason; no eval row ever is."""
    return dict.fromkeys(FAULTS, 1) if settings.with_faults else {}


def expected_used(settings: SampleSettings, split: str) -> dict[str, int]:
    """Returns how many of the split's rows must be used, by mood in label map order."""
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
      folder: made if need be; must not hold images of an earlier call.
      good_rows: ordinary rows, >= 1, taken from clips of the train split.
      settings: sizes, seed, frames a clip and how many clips there are to take from.

    Raises:
      ValueError: if ``good_rows`` is not in 1..the split's frames.
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
    rows = mixed(clips, [save_extra(folder, settings, plan) for plan in plans])
    write_csv(folder / "faults.csv", rows, from_windows=settings.with_faults)
    used = Counter(row.labels for rows_of_clip in clips for row in rows_of_clip)
    used.update(plan.clip.mood for plan in plans if isinstance(plan.kind, Oddity))
    return FaultCsv(folder / "faults.csv", dict(used), expected_refusals(settings))
