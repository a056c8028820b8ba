"""Animals of a preparation: in both splits, joined by coarser groupings, and kept by a table."""

import json
import os
import shutil
from pathlib import Path

import pytest

from dataset.aihub.preparation import prepare
from dataset.csv_rows import read_rows
from schemas.errors import ConfigError
from testing.aihub.clip_drafts import TreeSettings
from testing.aihub.prepared import settings, table
from testing.aihub.tree import TreeCounts, write_tree

SPLITS = ("train", "val")


def test_animals_in_both_splits_are_dropped_from_train_and_listed(
    drawn: tuple[Path, TreeCounts], tmp_path: Path
) -> None:
    summary = prepare(drawn[0], tmp_path, settings())
    lines = table(tmp_path / "shared_animals.csv")
    assert [(line["split"], line["action"], line["frames"]) for line in lines] == [
        ("train", "dropped", "7"),
        ("val", "kept", "7"),
    ]
    assert len({line["animal"] for line in lines}) == 1
    shared = summary["animals"]["animals_in_both"]
    assert (shared["animals"], shared["clips"], shared["frames"]) == (1, 1, 7)
    assert shared["moods"][lines[0]["mood"]] == {"clips": 1, "frames": 7}
    clips = {row.clip for row in read_rows(str(tmp_path / "train.csv"))}
    assert lines[0]["clip"] not in clips
    assert (lines[0]["file"], "animal_in_both_splits") in {
        (line["file"], line["reason"]) for line in table(tmp_path / "rejects.csv")
    }


def test_animals_in_both_splits_can_be_moved_to_val_or_kept(
    drawn: tuple[Path, TreeCounts], tmp_path: Path
) -> None:
    root, counts = drawn
    moved = prepare(root, tmp_path / "move", settings(animals_in_both="move-to-val"))
    kept = prepare(root, tmp_path / "keep", settings(animals_in_both="keep"))
    for summary, frames, in_both in ((moved, (24 * 7 - 7, 9 * 7), 0), (kept, (24 * 7, 8 * 7), 1)):
        splits = summary["splits"]
        assert (splits["train"]["frames"], splits["val"]["frames"]) == frames
        assert summary["animals"]["groups_in_both_splits"] == in_both
        assert summary["animals"]["groups"] == counts.animals
    assert [line["action"] for line in table(tmp_path / "move/shared_animals.csv")] == [
        "moved",
        "kept",
    ]
    groups = [{row.group for row in read_rows(str(tmp_path / f"move/{s}.csv"))} for s in SPLITS]
    assert not groups[0] & groups[1]


def test_nothing_is_dropped_if_no_train_clip_would_be_left(tmp_path: Path) -> None:
    tree = TreeSettings(0, 3, frames=2, faults=0, long_side=96, short_side=64, shared_animals=2)
    write_tree(tmp_path / "tree", tree)
    summary = prepare(tmp_path / "tree", tmp_path / "out", settings())
    shared = summary["animals"]["animals_in_both"]
    assert (shared["asked"], shared["policy"]) == ("drop-from-train", "keep")
    assert (shared["animals"], shared["clips"]) == (2, 0)
    assert summary["splits"]["train"]["clips"] == 2


def test_sensitivity_counts_what_coarser_groupings_would_join(tmp_path: Path) -> None:
    # Two train animals of three clips. The val animal gets the looks of the first, a cat.
    write_tree(tmp_path / "tree", TreeSettings(6, 3, 2, 0, 96, 64))
    for path in (tmp_path / "tree/val").rglob("*.json"):
        content = json.loads(path.read_text("utf-8"))
        metadata = content["metadata"]
        metadata["animal"]["breed"], metadata["owner"]["situation"] = "품종 0", "쉴 때"
        path.write_text(json.dumps(content), encoding="utf-8")
    by_situation = prepare(tmp_path / "tree", tmp_path / "situation", settings())
    rows = by_situation["animals"]["sensitivity"]
    assert [row["animals_by"] for row in rows] == ["situation", "day", "looks"]
    assert [row["animals"] for row in rows] == [3, 2, 2]
    assert [row["animals_in_both_splits"] for row in rows] == [0, 1, 1]
    assert [row["val_frames_share"] for row in rows] == [0.0, 1.0, 1.0]
    assert [row["train_frames_share"] for row in rows] == [0.0, 0.5, 0.5]
    by_day = prepare(tmp_path / "tree", tmp_path / "day", settings(animals_by="day"))
    assert by_day["splits"]["train"]["clips"] == 3
    rows = by_day["animals"]["sensitivity"]
    assert [row["animals_in_both_splits"] for row in rows] == [0, 0, 0]


def test_a_new_clip_changes_no_other_clips_animal(copied: Path, tmp_path: Path) -> None:
    def groups(out: Path) -> dict[str, str]:
        return {row["clip"]: row["group"] for row in table(out / "animals.csv")}

    prepare(copied, tmp_path / "same", settings())
    before = groups(tmp_path / "same")
    # One with a lower number, and one that joins two animals: 42 to 44 and 47 to 50.
    template = copied / "val/cat/labels/arch/cat-arch-000042.json"
    images = copied / "val/cat/images/arch"
    for number in (39, 47, 50, 45):
        content = json.loads(template.read_text("utf-8"))
        content["file_video"] = f"20201028/cat-arch-{number:06d}.mp4"
        content["metadata"]["seq"] = number
        name = f"cat-new-{number:06d}"
        template.with_name(f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
        shutil.copytree(images / "cat-arch-000042", images / name, copy_function=os.link)
        prepare(copied, tmp_path / "same", settings())
        after = groups(tmp_path / "same")
        assert {clip: after[clip] for clip in before} == before
        before = after
    # In another folder nothing is known; there the numbers' range keeps the names.
    prepare(copied, tmp_path / "new", settings())
    after = groups(tmp_path / "new")
    assert {clip: after[clip] for clip in before} == before


def test_a_broken_table_of_animals_is_refused(copied: Path, tmp_path: Path) -> None:
    (tmp_path / "animals.csv").write_bytes(b"clip,group\n\xff")
    with pytest.raises(ConfigError, match=r"animals\.csv"):
        prepare(copied, tmp_path, settings())
