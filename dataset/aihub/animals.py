"""Groups clips that probably show the same animal.

AI Hub does not name the animals, so clips that were filmed one after the other are compared.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

MAX_GAP = 3
"""Largest difference of the numbers of two clips that were filmed one after the other. Numbers
follow the order of filming, but some clips were dropped or are in the other split."""


class AnimalClip(NamedTuple):
    """A clip and the animal's description by AI Hub; ``seq`` counts clips in order of filming."""

    clip: str
    species: str
    seq: int
    date: str
    breed: str
    age: str
    gender: str
    situation: str

    @property
    def traits(self) -> tuple[str, ...]:
        """Values that are equal in all clips of one animal."""
        return (self.species, self.date, self.breed, self.age, self.gender, self.situation)


def group_clips(clips: Iterable[AnimalClip], max_gap: int = MAX_GAP) -> dict[str, str]:
    """Returns the group of each clip; a group has the name of its first clip.

    Clips with equal ``traits`` are sorted by ``seq``. A group continues while the next number is
    at most ``max_gap`` higher. A clip with other traits in between does not end the group,
    because two animals may have been filmed in turns.
    """
    ordered = sorted(clips, key=lambda clip: (clip.traits, clip.seq, clip.clip))
    groups = {clip.clip: clip.clip for clip in ordered[:1]}
    for previous, clip in pairwise(ordered):
        is_same = previous.traits == clip.traits and clip.seq - previous.seq <= max_gap
        groups[clip.clip] = groups[previous.clip] if is_same else clip.clip
    return groups
