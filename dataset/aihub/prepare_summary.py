"""Counts of label files and annotated frames by their result, for ``summary.json``."""

from collections import Counter
from typing import Any

from dataset.aihub.chunk_files import ClipRecord
from dataset.aihub.shared_animals import UsedClip


class PrepareCounts:
    """Counts of one split; every label file and every annotated frame is counted once.

    ``label_files`` is clips + clips_without_rows + refused_label_files, and ``annotated_frames``
    is frames + frames_without_image + refused_frames + frames_of_refused_label_files.
    """

    def __init__(self, mood_names: tuple[str, ...]) -> None:
        self.clips_by_mood = dict.fromkeys(mood_names, 0)
        self.frames_by_mood = dict.fromkeys(mood_names, 0)
        self.rejects: Counter[str] = Counter()
        self._counts = dict.fromkeys(
            (
                "label_files",
                "clips",
                "clips_without_rows",
                "refused_label_files",
                "annotated_frames",
                "frames",
                "frames_without_image",
                "refused_frames",
                "frames_of_refused_label_files",
                "unannotated_images",
                "clips_of_unknown_animal",
            ),
            0,
        )

    def add(self, record: ClipRecord) -> None:
        """Adds the record of a label file to the counts."""
        self._add(label_files=1, annotated_frames=record.annotated)
        self.rejects.update(record.rejects)
        if not record.clip:
            self._add(refused_label_files=1, frames_of_refused_label_files=record.annotated)
            return
        self._add(
            frames=record.rows,
            frames_without_image=record.without_image,
            refused_frames=sum(record.rejects.values()),
            unannotated_images=record.unannotated,
        )
        if not record.rows:
            self._add(clips_without_rows=1)
            return
        self._add(clips=1, clips_of_unknown_animal=record.animal is None)
        self.clips_by_mood[record.mood] += 1
        self.frames_by_mood[record.mood] += record.rows

    def as_json(self) -> dict[str, Any]:
        """Returns the counts; rejects are sorted by reason."""
        return {
            **self._counts,
            "moods": {
                mood: {"clips": clips, "frames": self.frames_by_mood[mood]}
                for mood, clips in self.clips_by_mood.items()
            },
            "rejects": dict(sorted(self.rejects.items())),
        }

    def _add(self, **amounts: int) -> None:
        for name, amount in amounts.items():
            self._counts[name] += amount


class SharedAnimalCounts:
    """Counts of the train clips that were dropped or moved because val has their animals."""

    def __init__(self, mood_names: tuple[str, ...], animals: int) -> None:
        self._animals = animals
        self._clips = dict.fromkeys(mood_names, 0)
        self._frames = dict.fromkeys(mood_names, 0)

    def add(self, clip: UsedClip) -> None:
        """Adds a dropped or moved clip."""
        self._clips[clip.mood] += 1
        self._frames[clip.mood] += clip.rows

    def as_json(self) -> dict[str, Any]:
        """Returns the counts; ``animals`` were in both splits before."""
        return {
            "animals": self._animals,
            "clips": sum(self._clips.values()),
            "frames": sum(self._frames.values()),
            "moods": {
                mood: {"clips": clips, "frames": self._frames[mood]}
                for mood, clips in self._clips.items()
            },
        }
