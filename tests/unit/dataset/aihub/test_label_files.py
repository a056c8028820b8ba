"""Tests of dataset.aihub.label_files on trees of empty files."""

import os
import socket
import unicodedata
from pathlib import Path

import pytest

from dataset.aihub.clip_folders import list_images
from dataset.aihub.label_files import Tree, find_label_files
from schemas.errors import ConfigError
from schemas.prepare_reasons import PrepareReason

FRAME = "frame_0_timestamp_0.jpg"


def tree(root: Path, *paths: str) -> Tree:
    """Makes empty files, and folders where a path ends with a slash; returns what is found."""
    for path in paths:
        folder = root / path if path.endswith("/") else (root / path).parent
        folder.mkdir(parents=True, exist_ok=True)
        if not path.endswith("/"):
            (root / path).touch()
    return find_label_files(root)


def images(found: Tree) -> dict[str, str]:
    return {label.path: label.images for label in found.labels}


def test_labels_of_one_archive_find_their_images_in_several(tmp_path: Path) -> None:
    found = tree(
        tmp_path,
        *("Training/TL/a.mp4.json", "Training/TL/b.mp4.json"),
        *(f"Training/TS1/a.mp4/{FRAME}", f"Training/TS2/x/b/{FRAME}"),
    )
    assert images(found) == {
        "Training/TL/a.mp4.json": "Training/TS1/a.mp4",
        "Training/TL/b.mp4.json": "Training/TS2/x/b",
    }


def test_clips_of_one_name_get_the_images_of_their_own_folders(tmp_path: Path) -> None:
    found = tree(
        tmp_path,
        *("train/labels_1/a.json", "train/labels_2/a.json", "val/labels_1/a.json"),
        *(f"train/images_1/a/{FRAME}", f"train/images_2/a/{FRAME}"),
    )
    assert images(found) == {
        "train/labels_1/a.json": "train/images_1/a",
        "train/labels_2/a.json": "train/images_2/a",
        "val/labels_1/a.json": "",
    }


def test_images_of_another_clip_of_the_name_are_not_taken(tmp_path: Path) -> None:
    found = tree(tmp_path, "train/labels/x/a.json", "train/labels/y/a.json", "train/images/x/a/")
    assert images(found) == {
        "train/labels/x/a.json": "train/images/x/a",
        "train/labels/y/a.json": "",
    }
    assert not any(label.refused for label in found.labels)


def test_images_that_may_be_of_two_clips_are_those_of_none(tmp_path: Path) -> None:
    found = tree(tmp_path, "train/labels/x/a.json", "train/labels/y/a.json", "train/images/z/a/")
    assert {label.refused for label in found.labels} == {PrepareReason.IMAGE_FOLDER_AMBIGUOUS}


def test_decomposed_names_are_found(tmp_path: Path) -> None:
    form = unicodedata.normalize
    found = tree(
        tmp_path,
        f"Training/{form('NFD', '라벨링데이터')}/{form('NFD', '앉기')}/{form('NFD', '개')}.json",
        f"Training/{form('NFC', '원천데이터')}/{form('NFC', '앉기')}/{form('NFC', '개')}/{FRAME}",
    )
    assert list(images(found).values()) == ["Training/원천데이터/앉기/개"]


def test_a_folder_that_was_unpacked_into_itself_is_found(tmp_path: Path) -> None:
    found = tree(tmp_path, "train/labels/a.json", f"train/images/a/a/{FRAME}")
    folder = list_images(str(tmp_path), found.labels[0])
    assert folder == ("train/images/a/a", {FRAME})


def test_the_video_in_its_clips_folder_is_no_folder(tmp_path: Path) -> None:
    clip = "train/images/a.mp4"
    found = tree(tmp_path, "train/labels/a.mp4.json", f"{clip}/a.mp4", f"{clip}/{FRAME}")
    assert list_images(str(tmp_path), found.labels[0]) == (clip, {"a.mp4", FRAME})


def test_what_is_no_label_file_is_refused_at_once(tmp_path: Path) -> None:
    labels = tmp_path / "train/labels"
    labels.mkdir(parents=True)
    os.mkfifo(labels / "pipe.json")
    (labels / "folder.json").mkdir()
    (labels / "device.json").symlink_to("/dev/zero")
    (labels / "loop.json").symlink_to("loop.json")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(labels / "socket.json"))
    found = tree(tmp_path, "train/labels/notes.txt", "train/images/b.json")
    assert {Path(label.path).stem: label.detail for label in found.labels} == {
        "pipe": "it is a named pipe",
        "folder": "it is a folder",
        "device": "it is a device",
        "loop": "Too many levels of symbolic links",
        "socket": "it is a socket",
        "notes": "its name is not <clip>.json",
        "b": "it is a label file among the images",
    }
    assert all(label.refused for label in found.labels)


def test_links_in_circles_and_deep_folders_end(tmp_path: Path) -> None:
    found = tree(tmp_path, "train/labels/a.json", "train/labels/" + "d/" * 60)
    assert [label.path for label in found.labels if not label.refused] == ["train/labels/a.json"]
    for name in ("one", "two"):
        (tmp_path / "train/labels" / name).symlink_to("..")
        (tmp_path / "train/images").mkdir(exist_ok=True)
        (tmp_path / "train/images" / name).symlink_to(".")
    again = find_label_files(tmp_path)
    assert [label.path for label in again.labels if not label.refused] == ["train/labels/a.json"]


def test_label_files_outside_the_splits_and_archives_are_told(tmp_path: Path) -> None:
    found = tree(
        tmp_path,
        *("train/labels/a.json", "labels/b.json", "TS1.zip", "VS1.zip", "VS1/", "package.json"),
    )
    assert found.outside == ["labels/b.json"]
    assert found.archives == ["TS1.zip"]


def test_archives_alone_are_to_be_unpacked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Unpack the archives \(TL1\.zip"):
        tree(tmp_path, "TL1.zip", "TS1.zip")
