"""Which clips probably show the same animal. AI Hub names none, so neighbours are compared."""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

MAX_GAP = 3
"""Most by which the numbers of two clips filmed one after the other differ: numbers are given
out in the order of filming, and some clips were dropped or went to the other split."""


class AnimalClip(NamedTuple):
    """A clip and what AI Hub says of the animal in it; ``seq`` counts clips as filmed."""

    clip: str
    species: str
    seq: int
    date: str
    breed: str
    age: str
    gender: str
    situation: str

    @property
    def looks(self) -> tuple[str, ...]:
        """What two clips of one animal have in common."""
        return (self.species, self.date, self.breed, self.age, self.gender, self.situation)


def group_clips(clips: Iterable[AnimalClip], max_gap: int = MAX_GAP) -> dict[str, str]:
    """Returns the animal group of each clip: the name of the group's first clip.

    Clips that agree in ``looks`` are put in order of ``seq``; where the next number is at most
    ``max_gap`` higher, the group goes on. A clip of other looks in between ends no group, as two
    animals may have been filmed in turns.
    """
    ordered = sorted(clips, key=lambda clip: (clip.looks, clip.seq, clip.clip))
    groups = {clip.clip: clip.clip for clip in ordered[:1]}
    for earlier, clip in pairwise(ordered):
        same = earlier.looks == clip.looks and clip.seq - earlier.seq <= max_gap
        groups[clip.clip] = groups[earlier.clip] if same else clip.clip
    return groups
