"""What is done about animals that are in both splits, and what other groupings would say of them.

AI Hub's own split may have clips of one animal on both sides. A model that has seen the animal, its
home and its owner in training would look better on val than on strangers' pets.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from dataset.aihub.animals import GROUPINGS, AnimalClip, AnimalsBy, group_clips
from dataset.aihub.layout import TRAIN_FOLDER, VAL_FOLDER

Policy = Literal["drop-from-train", "move-to-val", "keep"]
DROP: Policy = "drop-from-train"
MOVE: Policy = "move-to-val"
KEEP: Policy = "keep"
_ACTIONS: Mapping[Policy, str] = {DROP: "dropped", MOVE: "moved", KEEP: "kept"}


class UsedClip(NamedTuple):
    """A clip with rows; ``split`` is that of its table."""

    name: str
    split: str
    mood: str
    rows: int
    animal: AnimalClip | None


class SharedAnimals:
    """The animals that are in both splits before anything is done about it.

    Attributes:
      groups: the group of each clip; a clip of an unknown animal is its own.
      shared: names of the groups that are in both splits.
      policy: what is done; KEEP where anything else would leave nothing to train on.
    """

    def __init__(
        self,
        clips: Sequence[UsedClip],
        by: AnimalsBy,
        policy: Policy,
        known: Mapping[str, str] | None = None,
    ) -> None:
        self.groups = _groups(clips, by, known)
        splits = _splits(clips, self.groups)
        self.shared = {group for group, found in splits.items() if len(found) > 1}
        is_train_left = any(found == {TRAIN_FOLDER} for found in splits.values())
        self.policy: Policy = policy if is_train_left else KEEP

    def action(self, clip: UsedClip) -> Policy:
        """Returns what is done with a clip."""
        is_affected = clip.split == TRAIN_FOLDER and self.groups[clip.name] in self.shared
        return self.policy if is_affected else KEEP

    def line(self, clip: UsedClip, file: str) -> tuple[object, ...] | None:
        """Returns the clip's line in the table of shared animals; None if its animal is not one."""
        group = self.groups[clip.name]
        if group not in self.shared:
            return None
        action = _ACTIONS[self.action(clip)]
        return (group, clip.split, clip.name, clip.mood, clip.rows, action, file)


def sensitivity(clips: Sequence[UsedClip]) -> list[dict[str, Any]]:
    """Returns what each grouping says of the final tables, from the finest to the coarsest.

    ``val_frames_share`` is the share of val frames whose animal, by this grouping, is also in
    train: how much of val would be no test on strangers if the grouping were right.
    ``train_frames_share`` is the share of train frames that DROP would drop.

    Args:
      clips: those of both tables.
    """
    return [_row(clips, by) for by in GROUPINGS]


def _row(clips: Sequence[UsedClip], by: AnimalsBy) -> dict[str, Any]:
    groups = _groups(clips, by)
    splits = _splits(clips, groups)
    row: dict[str, Any] = {
        "animals_by": by,
        "animals": len(splits),
        "animals_in_both_splits": sum(len(found) > 1 for found in splits.values()),
    }
    for split in (TRAIN_FOLDER, VAL_FOLDER):
        of_split = [clip for clip in clips if clip.split == split]
        shared = [clip for clip in of_split if len(splits[groups[clip.name]]) > 1]
        frames = sum(clip.rows for clip in of_split)
        row[f"{split}_clips"] = len(shared)
        share = sum(clip.rows for clip in shared) / frames if frames else 0.0
        row[f"{split}_frames_share"] = round(share, 4)
    return row


def _groups(
    clips: Sequence[UsedClip], by: AnimalsBy, known: Mapping[str, str] | None = None
) -> dict[str, str]:
    groups = {clip.name: clip.name for clip in clips}
    return groups | group_clips((clip.animal for clip in clips if clip.animal), by, known)


def _splits(clips: Iterable[UsedClip], groups: Mapping[str, str]) -> dict[str, set[str]]:
    splits: dict[str, set[str]] = {}
    for clip in clips:
        splits.setdefault(groups[clip.name], set()).add(clip.split)
    return splits
