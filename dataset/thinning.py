"""Thinning: frames of one clip are near copies, and which of them are worth training on.

Only the order of reading and the choice are here; what is read, and how it may be refused, is
the caller's.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol, TypeVar

from dataset.similarity import HASH_BITS, hash_distance
from schemas.settings import SettingsGroup, setting


class ThinSettings(SettingsGroup):
    """Thinning of training clips, whose frames are near copies. The eval split is never thinned."""

    GROUP: ClassVar[str] = "thin"

    min_distance: int = setting(
        0,
        "Bits by which a frame's perceptual hash must differ from that of the clip's last kept "
        "frame, of 64. 0 compares none.",
        ge=0,
        le=HASH_BITS,
        unit="bits",
    )
    max_frames: int = setting(
        0,
        "Largest number of frames of a clip, evenly spread over it. 0 sets no limit.",
        ge=0,
        unit="frames",
        common=True,
    )
    keep_below: int = setting(
        0, "Moods with fewer training rows than this keep every frame.", ge=0, unit="rows"
    )

    @property
    def is_on(self) -> bool:
        """Whether any frame may be dropped."""
        return bool(self.min_distance or self.max_frames)


class Hashed(Protocol):
    """A frame that has been read."""

    @property
    def phash(self) -> int:
        """Its perceptual hash, 64 bits."""


_Row = TypeVar("_Row")
_Frame = TypeVar("_Frame", bound=Hashed)


def thinned(
    rows: Sequence[_Row], read: Callable[[_Row], _Frame | None], settings: ThinSettings
) -> list[_Frame]:
    """Reads rows of a clip and returns the frames to keep, in the rows' order.

    Without ``min_distance`` only the rows that are needed are read: with 4 of 35 frames a
    clip, nine times fewer photos.

    Args:
      rows: of one clip, in order of time.
      read: returns a row's frame, or None where the row is refused.
      settings: with at least one of its limits set.
    """
    if settings.min_distance == 0:
        return _spread(rows, read, settings.max_frames)
    kept: list[_Frame] = []
    for row in rows:
        frame = read(row)
        if frame is not None and (
            not kept or hash_distance(frame.phash, kept[-1].phash) >= settings.min_distance
        ):
            kept.append(frame)
    if settings.max_frames:
        kept = [kept[index] for index in evenly(len(kept), settings.max_frames)]
    return kept


def evenly(length: int, wanted: int) -> list[int]:
    """Returns ``wanted`` indices spread over 0..length-1; all of them where that is fewer."""
    wanted = min(length, wanted)
    return [(2 * i + 1) * length // (2 * wanted) for i in range(wanted)]


def _spread(
    rows: Sequence[_Row], read: Callable[[_Row], _Frame | None], wanted: int
) -> list[_Frame]:
    """Reads evenly spread rows, and others in place of those that are refused."""
    unread = list(range(len(rows)))
    kept: dict[int, _Frame] = {}
    while unread and len(kept) < wanted:
        picks = {unread[index] for index in evenly(len(unread), wanted - len(kept))}
        unread = [place for place in unread if place not in picks]
        for place in sorted(picks):
            frame = read(rows[place])
            if frame is not None:
                kept[place] = frame
    return [kept[place] for place in sorted(kept)]
