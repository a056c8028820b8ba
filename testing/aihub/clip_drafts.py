"""Clips of a tree before they are written, and the sizes of one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from dataset.boxes import PixelBox

CLIPS_PER_ANIMAL = 3
"""Clips that show one animal, filmed one after the other."""


@dataclass(frozen=True)
class TreeSettings:
    """Sizes of a tree.

    Attributes:
      train_clips, val_clips: number of sound clips.
      frames: annotated frames per clip, >= 2.
      faults: how often each fault is planted.
      long_side, short_side: of a frame, pixels.
      seed: of the drawn photos.
      shared_animals: animals with a clip in train and one in val, besides those of ``faults``.
      layout: a name in ``LAYOUTS``.
      drawn_clips: whether each clip is drawn for itself.
      moods: how often each mood is taken in turn, in the order of DEFAULT_MOODS.
    """

    train_clips: int = 24
    val_clips: int = 9
    frames: int = 10
    faults: int = 1
    long_side: int = 1920
    short_side: int = 1080
    seed: int = 7
    shared_animals: int = 0
    layout: str = "plain"
    drawn_clips: bool = False
    moods: tuple[int, ...] = (1, 1, 1, 1, 1, 1)


class Photo(NamedTuple):
    path: Path
    box: PixelBox
    width: int
    height: int


class Draft(NamedTuple):
    """A clip before it is written; ``content`` may be changed in place."""

    number: int
    species: str
    mood: str
    split: str
    photos: list[Photo]
    content: dict[str, Any]
    dated: bool

    @property
    def photo(self) -> Photo:
        """The first frame's."""
        return self.photos[0]

    @property
    def name(self) -> str:
        plain = f"{self.species.lower()}-arch-{self.number:06d}"
        return f"20201028_{plain}.mp4" if self.dated else plain
