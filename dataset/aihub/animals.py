"""Groups clips that probably show the same animal.

AI Hub does not name the animals, so descriptions are compared and, in the finest grouping, the
numbers in which clips were filmed. docs/decisions/0024-animals.md says why names are made so.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Literal, NamedTuple

AnimalsBy = Literal["situation", "day", "looks"]
BY_SITUATION: AnimalsBy = "situation"

MAX_GAP = 3
"""Largest difference of the numbers of two clips that were filmed one after the other. Numbers
follow the order of filming, but some clips were dropped or are in the other split."""
_NUMBERS_OF_A_NAME = 128
"""A group is named after its numbers' range of this length: another clip of the animal then hardly
ever changes the name, and equal descriptions within a range count as one animal."""


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


_TRAITS: Mapping[AnimalsBy, Callable[[AnimalClip], tuple[str, ...]]] = {
    "situation": lambda clip: (*_looks(clip), clip.date, clip.situation),
    "day": lambda clip: (*_looks(clip), clip.date),
    "looks": lambda clip: _looks(clip),
}
GROUPINGS: tuple[AnimalsBy, ...] = tuple(_TRAITS)
"""From the finest to the coarsest."""


def group_clips(
    clips: Iterable[AnimalClip], by: AnimalsBy, known: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Returns the group of each clip.

    By "day" and "looks" it follows from the clip alone. By "situation" the clips of a group also
    have neighbouring numbers: a group continues while the next number of an equal description is
    at most ``MAX_GAP`` higher. Clips of another description in between do not end it, because two
    animals may have been filmed in turns.

    Args:
      clips: of both splits, each once.
      by: what is equal in all clips of an animal.
      known: groups of an earlier call, which do not change. A new clip joins the known clip of
        its animal that has the nearest number.
    """
    if by != BY_SITUATION:
        return {clip.clip: _name(clip, by) for clip in clips}
    known = known or {}
    groups = {}
    for filmed in _neighbours(clips):
        name = _name(filmed[0], by, filmed[(len(filmed) - 1) // 2].seq)
        old = [clip for clip in filmed if clip.clip in known]
        for clip in filmed:
            nearest = min(
                old, key=lambda other: (abs(other.seq - clip.seq), other.seq), default=None
            )
            groups[clip.clip] = known.get(clip.clip) or (known[nearest.clip] if nearest else name)
    return groups


def _neighbours(clips: Iterable[AnimalClip]) -> Iterator[list[AnimalClip]]:
    """Yields the clips of equal descriptions and neighbouring numbers."""
    traits = _TRAITS[BY_SITUATION]
    ordered = sorted(clips, key=lambda clip: (traits(clip), clip.seq, clip.clip))
    for _, equal in groupby(ordered, key=traits):
        filmed: list[AnimalClip] = []
        for clip in equal:
            if filmed and clip.seq - filmed[-1].seq > MAX_GAP:
                yield filmed
                filmed = []
            filmed.append(clip)
        yield filmed


def _looks(clip: AnimalClip) -> tuple[str, ...]:
    return (clip.species, clip.breed, clip.age, clip.gender)


def _name(clip: AnimalClip, by: AnimalsBy, seq: int | None = None) -> str:
    """Returns a group's name, such as ``20201028-cat-8d1e4b0c5f21-113``.

    The 48 bits of its hash give two of 60,000 descriptions the same name once in 150,000 times.
    """
    text = "\0".join(_TRAITS[by](clip))
    parts = [] if by == "looks" else [clip.date]
    parts += [clip.species.lower(), hashlib.sha256(text.encode()).hexdigest()[:12]]
    parts += [] if seq is None else [str(seq // _NUMBERS_OF_A_NAME)]
    return "-".join(parts)
