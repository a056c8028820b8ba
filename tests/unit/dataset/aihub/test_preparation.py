"""Tests of dataset.aihub.preparation on a drawn tree that has every fault."""

import json
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from dataset.aihub import merge
from dataset.aihub.preparation import prepare
from dataset.boxes import parse_box
from dataset.csv_rows import read_rows
from testing.aihub.clip_drafts import TreeSettings
from testing.aihub.prepared import settings, table
from testing.aihub.tree import PLANTED, TreeCounts, write_tree
from testing.aihub.tree_layouts import LAYOUTS

TABLES = (*merge.TABLES, "summary.json")


def files_of(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in TABLES}


def test_the_trees_expected_counts_equal_those_computed_by_hand(
    drawn: tuple[Path, TreeCounts],
) -> None:
    counts = drawn[1]
    # 12 and 6 sound clips; in train each of 7 frame faults, 3 image faults, the kept duplicate
    # and the oddity give rows, in val the clip and the animal that train has too.
    assert (counts.clips["train"].total(), counts.clips["val"].total()) == (24, 8)
    # 7 of 8 frames have an image, and 7 clips lose one.
    assert counts.frames["train"].total() == 24 * 7 - 7
    assert counts.frames["val"].total() == 8 * 7
    # All reasons except JSON_UNREADABLE and the three for images.
    assert counts.rejects["train"] == {
        reason.value: 1 for reason in PLANTED if reason.value not in counts.image_rejects
    }
    assert len(counts.rejects["train"]) == len(PLANTED) - 3
    # Three sound clips show one animal; each other clip shows another.
    assert counts.animals == 4 + 2 + 12 + 1 + 1


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
    animals = summary["animals"]
    assert (animals["groups"], animals["groups_in_both_splits"]) == (counts.animals, 0)
    assert animals["most_clips_in_a_group"] == 3
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
    lines = table(tmp_path / "rejects.csv")
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
    all_rows = table(tmp_path / "train.csv")
    first = next(row for row in all_rows if row["clip"] == "20201028_cat-arch-000000")
    rows = [row for row in all_rows if row["group"] == first["group"]]
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


@pytest.mark.slow
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
    assert summary["splits"]["val"]["clips"] == 8
    assert "val/cat/images/앉기/" in (tmp_path / "out/val.csv").read_text("utf-8")


def test_each_clip_that_lacks_images_has_a_line_with_their_frames(
    drawn: tuple[Path, TreeCounts], tmp_path: Path
) -> None:
    root, counts = drawn
    summary = prepare(root, tmp_path, settings())
    lines = table(tmp_path / "missing.csv")
    without_folder = [line for line in lines if line["frames"] == "all"]
    assert [(line["image_folder"], line["missing"]) for line in without_folder] == [("", "8")]
    for split in ("train", "val"):
        missing = [line for line in lines if line["split"] == split and line["image_folder"]]
        assert sum(int(line["missing"]) for line in missing) == counts.without_image[split]
        assert counts.without_image[split] == summary["splits"][split]["frames_without_image"]
        for line in missing:
            assert line["annotated"] == "8"
            # The seventh of eight frames; after the fifth, one is not annotated.
            assert line["frames"] == "42"
            assert (root / line["file"]).is_file()
            assert not (root / line["image_folder"] / "frame_42_timestamp_1400.jpg").exists()


def test_a_clip_without_any_image_is_listed(copied: Path, tmp_path: Path) -> None:
    folder = copied / "val/cat/images/arch/cat-arch-000042"
    for image in folder.iterdir():
        image.unlink()
    summary = prepare(copied, tmp_path / "out", settings())
    assert summary["splits"]["val"]["clips_without_rows"] == 1
    lines = {line["clip"]: line for line in table(tmp_path / "out/missing.csv")}
    line = lines["20201028_cat-arch-000042"]
    assert (line["annotated"], line["missing"]) == ("8", "8")
    assert line["frames"] == "0 6 12 18 24 36 42 48"


@pytest.mark.slow
@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_every_layout_gives_the_same_counts(tmp_path: Path, layout: str) -> None:
    counts = write_tree(tmp_path / "tree", TreeSettings(12, 6, 8, 1, 160, 96, layout=layout))
    summary = prepare(tmp_path / "tree", tmp_path / "out", settings())
    train, val = summary["splits"]["train"], summary["splits"]["val"]
    expected = dict(counts.rejects["train"])
    if layout == "beside the clips":
        # Where no folder is for labels alone, only .json files can be label files.
        del expected["unexpected_entry"]
    assert (train["rejects"], val["rejects"]) == (expected, {})
    for split in (train, val):
        frames = {mood: each["frames"] for mood, each in split["moods"].items()}
        assert frames == counts.frames["train" if split is train else "val"]
    for row in read_rows(str(tmp_path / "out/train.csv")):
        path = tmp_path / "tree" / row.image_path
        assert path.is_file() or path.is_symlink()
