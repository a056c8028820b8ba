"""Thinning: leaves out training frames that hardly differ from others of their clip.

Only the order of reading and the selection are here. The caller reads the frames and refuses
rows.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol, TypeVar

from dataset.similarity import HASH_BITS, hash_distance
from schemas.settings import SettingsGroup, setting


class ThinSettings(SettingsGroup):
    """Thinning of training clips, whose frames are near copies. No other split is ever thinned."""

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
        """Perceptual hash of the frame's view, 64 bits."""


_Row = TypeVar("_Row")
_Frame = TypeVar("_Frame", bound=Hashed)


def thin_clip(
    rows: Sequence[_Row], read: Callable[[_Row], _Frame | None], settings: ThinSettings
) -> list[_Frame]:
    """Reads rows of a clip and returns the frames to keep, in the order of the rows.

    Without ``min_distance`` it reads only as many rows as it needs: for 4 of 35 frames per clip,
    nine times fewer photos.

    Args:
      rows: of one clip, in order of time.
      read: returns a row's frame, or None if the row is refused.
      settings: with at least one of its limits set.

    Example:
      Five frames of a clip, each with one bit more than the frame before. Frame 1 differs from
      frame 0 in one bit only, frame 2 in two:

      >>> from types import SimpleNamespace
      >>> hashes = [0b0000, 0b0001, 0b0011, 0b0111, 0b1111]
      >>> def read(row):
      ...     return SimpleNamespace(row=row, phash=hashes[row])
      >>> [frame.row for frame in thin_clip(range(5), read, ThinSettings(min_distance=2))]
      [0, 2, 4]

      A limit on their number alone keeps frames at equal distances in time:

      >>> [frame.row for frame in thin_clip(range(5), read, ThinSettings(max_frames=2))]
      [1, 3]
    """
    if settings.min_distance == 0:
        return _read_spread(rows, read, settings.max_frames)
    kept: list[_Frame] = []
    for row in rows:
        frame = read(row)
        if frame is not None and (
            not kept or hash_distance(frame.phash, kept[-1].phash) >= settings.min_distance
        ):
            kept.append(frame)
    if settings.max_frames:
        kept = [kept[index] for index in spread_indices(len(kept), settings.max_frames)]
    return kept


def first_reads(rows: Sequence[_Row], settings: ThinSettings) -> list[_Row]:
    """Returns the rows that ``thin_clip`` reads, in order, unless some are refused."""
    if settings.min_distance:
        return list(rows)
    return [rows[index] for index in spread_indices(len(rows), settings.max_frames)]


def spread_indices(length: int, count: int) -> list[int]:
    """Returns ``count`` indices evenly spread over 0..length-1; all of them if there are fewer."""
    count = min(length, count)
    return [(2 * i + 1) * length // (2 * count) for i in range(count)]


def _read_spread(
    rows: Sequence[_Row], read: Callable[[_Row], _Frame | None], count: int
) -> list[_Frame]:
    """Reads ``count`` evenly spread rows, and others in place of refused ones."""
    unread = list(range(len(rows)))
    kept: dict[int, _Frame] = {}
    while unread and len(kept) < count:
        chosen = {unread[index] for index in spread_indices(len(unread), count - len(kept))}
        unread = [index for index in unread if index not in chosen]
        for index in sorted(chosen):
            frame = read(rows[index])
            if frame is not None:
                kept[index] = frame
    return [kept[index] for index in sorted(kept)]
