"""Plans a sample's odd and faulty rows, and interleaves them with its clips.

``oddities`` and ``faults`` make the single rows.
"""

from pathlib import Path
from typing import NamedTuple

from dataset.sample.clips import ClipPlan, draw_clip
from dataset.sample.faults import DRAWN_FAULTS, save_fault
from dataset.sample.oddities import Oddity, save_oddity
from dataset.sample.rows import SampleRow, plain_row
from dataset.sample.settings import SPECIES_NAMES, SampleSettings
from schemas.labels import DEFAULT_MOODS
from schemas.reasons import RejectReason

_FIRST_NUMBER = 10_000_000
"""Of the extras' clips; the clips of every sample have lower numbers."""


class ExtraPlan(NamedTuple):
    """A clip of one frame with an oddity or a fault."""

    kind: Oddity | RejectReason
    clip: ClipPlan


def plan_extras(settings: SampleSettings) -> list[ExtraPlan]:
    """Plans the extras of the train CSV: oddities, then faults; none without ``with_faults``."""
    if not settings.with_faults:
        return []
    kinds: list[Oddity | RejectReason] = [*Oddity, *DRAWN_FAULTS]
    return [ExtraPlan(kind, _clip_of(kind, _FIRST_NUMBER + i)) for i, kind in enumerate(kinds)]


def _clip_of(kind: Oddity | RejectReason, number: int) -> ClipPlan:
    # The rotated one is landscape when upright, with the head at the right. There the box is
    # outside the stored portrait, so a reader that ignores the EXIF tag is noticed.
    is_rotated = kind is Oddity.EXIF_ROTATED
    return ClipPlan(
        name=f"{'odd' if isinstance(kind, Oddity) else 'fault'}-{kind.value}",
        number=number,
        mood=DEFAULT_MOODS[number % len(DEFAULT_MOODS)],
        species=SPECIES_NAMES[number // len(DEFAULT_MOODS) % 2],
        portrait=not is_rotated and number % 2 == 0,
        frames=1,
        head_position=(0.85, 0.5) if is_rotated else (0.5, 0.55),
    )


def save_extra(folder: Path, settings: SampleSettings, plan: ExtraPlan) -> list[SampleRow]:
    """Draws the extra, writes its file below ``folder`` and returns its one row."""
    frame = next(draw_clip(plan.clip, settings))
    row = plain_row(plan.clip, 0, frame.box)
    (folder / row.image_path).parent.mkdir(parents=True)
    if isinstance(plan.kind, Oddity):
        return [save_oddity(folder, plan.kind, frame, row, settings.jpeg_quality)]
    return [save_fault(folder, plan.kind, frame, row, settings.jpeg_quality)]


def interleave(clips: list[list[SampleRow]], extras: list[list[SampleRow]]) -> list[SampleRow]:
    """Returns all rows: the extras spread between the clips, and a duplicate row at the end.

    Without extras there is no duplicate.
    """
    extras_after_clip: dict[int, list[SampleRow]] = {}
    for i, rows in enumerate(extras):
        extras_after_clip.setdefault(i * len(clips) // len(extras), []).extend(rows)
    merged = [row for i, rows in enumerate(clips) for row in (*rows, *extras_after_clip.get(i, []))]
    return merged + clips[0][:1] if extras else merged
