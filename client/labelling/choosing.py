"""Which photos to label next: the least sure, the most novel, and those on which versions differ.

Each kind gets a third of the queue, or half where there is no second version. A clip, whose frames
are near copies, gives no more than a few photos.

Unsure: 1 minus the difference of the two largest probabilities (margin sampling; T. Scheffer, C.
Decomain and S. Wrobel, "Active Hidden Markov Models for Information Extraction", 2001).
Disagreeing: the Jensen-Shannon divergence of the two versions' probabilities, in bits, 0..1.
Novel: see ``client.labelling.novelty``.
"""

import heapq
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from client.labelling.predicted import Predicted

UNSURE, NOVEL, DISAGREEING = "unsure", "novel", "disagreeing"
_WINDOW = 10_000
"""Rows that one table may have and the other lack in between, in memory."""


class Scored(NamedTuple):
    """A photo, why it is a candidate, and how much so."""

    score: float
    kind: str
    photo: Predicted


def uncertainty(probabilities: Sequence[float]) -> float:
    """Returns 1 minus the difference of the two largest probabilities, 0..1."""
    first, second = heapq.nlargest(2, probabilities)
    return 1.0 - (first - second)


def divergence(first: Sequence[float], second: Sequence[float]) -> float:
    """Returns the Jensen-Shannon divergence of two distributions, in bits, 0..1."""

    def relative(p: Sequence[float]) -> float:
        return sum(
            each * math.log2(2 * each / (each + other))
            for each, other in zip(p, second if p is first else first, strict=True)
            if each > 0
        )

    return max(0.0, (relative(first) + relative(second)) / 2)


class Best:
    """The highest scores that were seen, no more than a few of each clip.

    It holds four times as many photos as it gives, whatever it has seen.
    """

    def __init__(self, size: int, per_clip: int) -> None:
        """Creates an empty one.

        Args:
          size: photos that are wanted.
          per_clip: photos of a clip at most.
        """
        self._size, self._per_clip = size, per_clip
        self._clips: dict[str, list[tuple[float, int, Predicted]]] = {}
        self._count = self._seen = 0

    def add(self, score: float, photo: Predicted) -> None:
        """Adds a photo; of equal scores the earlier one stays."""
        self._seen += 1
        held = self._clips.setdefault(photo.clip, [])
        entry = (score, -self._seen, photo)
        if len(held) < self._per_clip:
            heapq.heappush(held, entry)
            self._count += 1
        elif entry[:2] > held[0][:2]:
            heapq.heapreplace(held, entry)
        if self._count > 4 * self._size + self._per_clip:
            self._forget_lowest()

    def _forget_lowest(self) -> None:
        entries = heapq.nlargest(self._size, self._entries(), key=lambda entry: entry[:2])
        self._clips = {}
        for entry in entries:
            heapq.heappush(self._clips.setdefault(entry[2].clip, []), entry)
        self._count = len(entries)

    def _entries(self) -> Iterator[tuple[float, int, Predicted]]:
        for held in self._clips.values():
            yield from held

    def best(self) -> list[tuple[float, Predicted]]:
        """Returns the photos with the highest scores, the highest first."""
        entries = heapq.nlargest(self._size, self._entries(), key=lambda entry: entry[:2])
        return [(score, photo) for score, _, photo in entries]


def disagreements(
    photos: Iterable[Predicted], others: Iterable[Predicted]
) -> Iterator[tuple[float, Predicted]]:
    """Yields the photos that two versions have predicted, with the divergence.

    Both tables have the same photos in the same order, as two runs of ``inference.py`` on one CSV
    write them; rows that only one has are passed over.
    """
    waiting: dict[str, Predicted] = {}
    rest = iter(others)
    for photo in photos:
        other = waiting.pop(photo.key, None)
        while other is None and len(waiting) < _WINDOW:
            found = next(rest, None)
            if found is None:
                break
            if found.key == photo.key:
                other = found
            else:
                waiting[found.key] = found
        if other is None and len(waiting) >= _WINDOW:
            waiting.pop(next(iter(waiting)))
        if other is not None and set(other.moods) == set(photo.moods):
            by_mood = dict(zip(other.moods, other.probabilities, strict=True))
            yield divergence(photo.probabilities, [by_mood[mood] for mood in photo.moods]), photo


def queue_of(
    best: Mapping[str, Sequence[tuple[float, Predicted]]], size: int, per_clip: int
) -> list[Scored]:
    """Returns the queue: the kinds take turns, each with its best photo that is still allowed."""
    chosen: list[Scored] = []
    of_clip: dict[str, int] = {}
    taken: set[str] = set()
    rests = {kind: iter(found) for kind, found in best.items()}
    while rests and len(chosen) < size:
        for kind in list(rests):
            for score, photo in rests[kind]:
                if photo.key not in taken and of_clip.get(photo.clip, 0) < per_clip:
                    chosen.append(Scored(score, kind, photo))
                    taken.add(photo.key)
                    of_clip[photo.clip] = of_clip.get(photo.clip, 0) + 1
                    break
            else:
                del rests[kind]
            if len(chosen) == size:
                break
    return chosen
