"""Tests of dataset.aihub.preparation on a drawn tree that has every fault."""

import csv
import json
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dataset.aihub.preparation import PrepareSettings, prepare
from dataset.boxes import parse_box
from dataset.csv_rows import read_rows
from testing.aihub.tree import PLANTED, TreeCounts

TABLES = ("train.csv", "val.csv", "rejects.csv", "summary.json")


def files_of(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in TABLES}


def settings(**changes: Any) -> PrepareSettings:
    return PrepareSettings(**({"workers": 1, "chunk_clips": 5} | changes))


def test_the_trees_expected_counts_equal_those_computed_by_hand(
    drawn: tuple[Path, TreeCounts],
) -> None:
    counts = drawn[1]
    # 12 and 6 sound clips; in train each of 7 frame faults, 3 image faults, the kept duplicate
    # and the oddity give rows, in val the clip that train has too.
    assert (counts.clips["train"].total(), counts.clips["val"].total()) == (24, 7)
    # 7 of 8 frames have an image, and 7 clips lose one.
    assert counts.frames["train"].total() == 24 * 7 - 7
    assert counts.frames["val"].total() == 7 * 7
    # All reasons except JSON_UNREADABLE and the three for images.
    assert counts.rejects["train"] == {
        reason.value: 1 for reason in PLANTED if reason.value not in counts.image_rejects
    }
    assert len(counts.rejects["train"]) == len(PLANTED) - 3
    # Three sound clips show one animal; each other clip shows another.
    assert counts.animals == 4 + 2 + 12 + 1


@pytest.mark.parametrize("check_images", [False, True])
def test_every_planted_fault_is_counted_exactly_once(
    drawn: tuple[Path, TreeCounts], tmp_path: Path, check_images: bool
) -> None:
    root, counts = drawn
    summary = prepare(root, tmp_path, settings(check_images=check_images))
    rejects, moods = Counter(counts.rejects["train"]), Counter(counts.frames["train"])
    if check_images:
        rejects += counts.image_rejects
        moods -= counts.image_rejects_by_mood
    train, val = summary["splits"]["train"], summary["splits"]["val"]
    assert train["rejects"] == dict(rejects)
    assert val["rejects"] == {}
    assert {mood: each["frames"] for mood, each in train["moods"].items()} == moods
    assert {m: each["frames"] for m, each in val["moods"].items()} == counts.frames["val"]
    for split, split_counts in summary["splits"].items():
        clips = {mood: each["clips"] for mood, each in split_counts["moods"].items()}
        assert clips == counts.clips[split]
        assert split_counts["frames_without_image"] == counts.without_image[split]
        assert split_counts["label_files"] == counts.label_files[split]
    assert summary["animals"] == {
        "groups": counts.animals,
        "groups_in_both_splits": 0,
        "most_clips_in_a_group": 3,
    }
    assert json.loads((tmp_path / "summary.json").read_text("utf-8")) == summary


def test_no_label_file_and_no_frame_is_lost(drawn: tuple[Path, TreeCounts], tmp_path: Path) -> None:
    summary = prepare(drawn[0], tmp_path, settings(check_images=True))
    for counts in summary["splits"].values():
        assert counts["label_files"] == (
            counts["clips"] + counts["clips_without_rows"] + counts["refused_label_files"]
        )
        assert counts["annotated_frames"] == (
            counts["frames"]
            + counts["frames_without_image"]
            + counts["refused_frames"]
            + counts["frames_of_refused_label_files"]
        )
    with (tmp_path / "rejects.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert Counter(line["reason"] for line in lines) == summary["splits"]["train"]["rejects"]
    assert {line["reason"] for line in lines} == {reason.value for reason in PLANTED}


def test_every_row_can_be_read_by_the_ingest(
    drawn: tuple[Path, TreeCounts], tmp_path: Path
) -> None:
    root, counts = drawn
    prepare(root, tmp_path, settings())
    for split in ("train", "val"):
        rows = list(read_rows(str(tmp_path / f"{split}.csv")))
        assert Counter(row.label for row in rows) == counts.frames[split]
        for row in rows:
            parse_box(row.bbox)
            path = root / row.image_path
            assert path.is_file() or path.is_symlink()
            assert row.species.lower() == row.image_path.split("/")[1]
            assert row.clip.startswith("20201028_")
        assert len({row.image_path for row in rows}) == len(rows)


def test_rows_and_groups_of_the_first_animal(
    drawn: tuple[Path, TreeCounts], tmp_path: Path
) -> None:
    root, _ = drawn
    prepare(root, tmp_path, settings())
    with (tmp_path / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["group"] == "20201028_cat-arch-000000"]
    # Clips 0, 1 and 2 show one cat; those with an odd number have the dated form of folder.
    folders = list(dict.fromkeys(row["image_path"].rpartition("/")[0] for row in rows))
    assert folders == [
        "train/cat/images/arch/20201028_cat-arch-000001.mp4",
        "train/cat/images/arch/cat-arch-000000",
        "train/cat/images/arch/cat-arch-000002",
    ]
    assert len(rows) == 3 * 7
    # After the fifth frame one is not annotated, and the seventh has no image.
    frames = [(row["frame"], row["timestamp"]) for row in rows[:7]]
    assert frames == [
        *(("0", "0"), ("6", "200"), ("12", "400"), ("18", "600"), ("24", "800")),
        *(("36", "1200"), ("48", "1600")),
    ]
    assert (rows[0]["width"], rows[0]["height"]) == ("96", "160")


def test_the_bytes_do_not_depend_on_the_workers_and_chunks(
    drawn: tuple[Path, TreeCounts], tmp_path: Path, loaded: list[str]
) -> None:
    prepare(drawn[0], tmp_path / "one", settings(workers=1, chunk_clips=64))
    loaded.clear()
    prepare(drawn[0], tmp_path / "two", settings(workers=2, chunk_clips=2))
    assert loaded == []  # Other processes have read them.
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    remaining = {path.name for path in (tmp_path / "two").iterdir()}
    assert remaining <= {*TABLES, ".prepare.lock"}


def test_folders_with_decomposed_names_are_found_in_either_form(
    copied: Path, tmp_path: Path
) -> None:
    labels, images = copied / "val/cat/labels", copied / "val/cat/images"
    (labels / "arch").rename(labels / unicodedata.normalize("NFD", "앉기"))
    (images / "arch").rename(images / "앉기")
    summary = prepare(copied, tmp_path / "out", settings())
    assert summary["splits"]["val"]["rejects"] == {}
    assert summary["splits"]["val"]["clips"] == 7
    assert "val/cat/images/앉기/" in (tmp_path / "out/val.csv").read_text("utf-8")
