"""Tests of dataset.aihub.clip_json."""

import json
import os
import socket
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from dataset.aihub.animals import AnimalClip
from dataset.aihub.clip_json import ClipError, count_annotations, load, parse_clip
from schemas.labels import DEFAULT_MOODS
from schemas.prepare_reasons import PrepareReason

CALM = "편안/안정"


def content() -> dict[str, Any]:
    """Returns the content of a label file as AI Hub describes the format."""
    return {
        "file_video": "20201215/cat-sitdown-014540.mp4",
        "metadata": {
            "seq": 14540,
            "species": "CAT",
            "height": 1920,
            "width": 1080,
            "animal": {"breed": "페르시안", "gender": "FEMALE", "age": 14},
            "owner": {"emotion": "불안/슬픔", "situation": "혼날 때"},
            "inspect": {"emotion": CALM},
        },
        "annotations": [{"frame_number": 0}],
    }


def reason_of(changed: dict[str, Any]) -> PrepareReason:
    with pytest.raises(ClipError) as caught:
        parse_clip(changed, DEFAULT_MOODS, "CAT")
    return caught.value.reason


def test_the_mood_is_the_inspectors() -> None:
    clip = parse_clip(content(), DEFAULT_MOODS, "CAT")
    assert clip[:5] == ("20201215_cat-sitdown-014540", "CAT", CALM, 1080, 1920)
    assert clip.animal == AnimalClip(
        *("20201215_cat-sitdown-014540", "CAT", 14540),
        *("20201215", "페르시안", "14", "FEMALE", "혼날 때"),
    )


@pytest.mark.parametrize(
    ("video", "name"),
    [
        ("20201028/cat-arch-000156.mp4", "20201028_cat-arch-000156"),
        ("20201028_cat-arch-000156.mp4", "20201028_cat-arch-000156"),
        ("x/20201028/cat-arch-000156.MP4", "20201028_cat-arch-000156"),
        ("cat-arch-000156", "cat-arch-000156"),
    ],
)
def test_the_clip_is_named_after_date_and_video_in_every_form(video: str, name: str) -> None:
    assert parse_clip(content() | {"file_video": video}, DEFAULT_MOODS, "CAT").name == name


def test_a_decomposed_mood_is_composed() -> None:
    changed = content()
    changed["metadata"]["inspect"]["emotion"] = unicodedata.normalize("NFD", CALM)
    assert parse_clip(changed, DEFAULT_MOODS, "CAT").mood == CALM


@pytest.mark.parametrize("key", ["file_video", "metadata", "annotations"])
def test_a_missing_and_a_null_key_are_refused(key: str) -> None:
    changed = content()
    changed[key] = None
    assert reason_of(changed) == PrepareReason.KEY_MISSING
    del changed[key]
    assert reason_of(changed) == PrepareReason.KEY_MISSING


@pytest.mark.parametrize("key", ["species", "height", "width", "inspect"])
def test_a_missing_key_of_the_metadata_is_refused(key: str) -> None:
    changed = content()
    del changed["metadata"][key]
    assert reason_of(changed) == PrepareReason.KEY_MISSING


@pytest.mark.parametrize("width", ["1080", 1080.0, True, 0, -1080, 100_000])
def test_a_width_that_is_not_a_number_of_pixels_is_refused(width: object) -> None:
    changed = content()
    changed["metadata"]["width"] = width
    assert reason_of(changed) == PrepareReason.VALUE_MALFORMED


@pytest.mark.parametrize("video", ["", "20201215/.mp4", "a\1b.mp4"])
def test_a_video_without_a_usable_name_is_refused(video: str) -> None:
    assert reason_of(content() | {"file_video": video}) == PrepareReason.VALUE_MALFORMED


def test_a_species_that_differs_from_the_folders_is_refused() -> None:
    changed = content()
    changed["metadata"]["species"] = "DOG"
    assert reason_of(changed) == PrepareReason.SPECIES_MISMATCH


@pytest.mark.parametrize("path", [("owner",), ("animal", "age"), ("owner", "situation"), ("seq",)])
def test_a_clip_of_an_unknown_animal_is_used(path: tuple[str, ...]) -> None:
    changed = content()
    parent = changed["metadata"]
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = None
    assert parse_clip(changed, DEFAULT_MOODS, "CAT").animal is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", PrepareReason.JSON_EMPTY),
        (b"\0\0\0", PrepareReason.JSON_EMPTY),
        (b'{"a": [1, 2', PrepareReason.JSON_MALFORMED),
        ("편안".encode("cp949"), PrepareReason.JSON_MALFORMED),
        (b"[" * 100_000, PrepareReason.JSON_MALFORMED),
        (b"[]", PrepareReason.JSON_NOT_OBJECT),
        (b"null", PrepareReason.JSON_NOT_OBJECT),
    ],
)
def test_a_file_without_a_json_object_is_refused(
    tmp_path: Path, text: bytes, reason: PrepareReason
) -> None:
    path = tmp_path / "clip.json"
    path.write_bytes(text)
    with pytest.raises(ClipError) as caught:
        load(str(path))
    assert caught.value.reason == reason


def test_a_file_that_has_vanished_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClipError) as caught:
        load(str(tmp_path / "gone.json"))
    assert caught.value.reason == PrepareReason.JSON_UNREADABLE


def test_a_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "clip.json"
    path.write_text(json.dumps(content()), encoding="utf-8-sig")
    assert load(str(path)) == content()


def test_annotations_are_counted_even_if_the_clip_is_refused() -> None:
    assert count_annotations({"annotations": [1, 2, 3]}) == 3
    assert count_annotations({"annotations": None}) == 0


@pytest.mark.parametrize("kind", ["pipe", "socket", "folder", "device"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "clip.json"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(ClipError, match=kind) as caught:
        load(str(path))
    assert caught.value.reason == PrepareReason.JSON_UNREADABLE


def test_without_a_folders_species_the_metadatas_counts() -> None:
    changed = content()
    assert parse_clip(changed, DEFAULT_MOODS, "").species == "CAT"
    changed["metadata"]["species"] = "HAMSTER"
    with pytest.raises(ClipError) as caught:
        parse_clip(changed, DEFAULT_MOODS, "")
    assert caught.value.reason == PrepareReason.SPECIES_MISMATCH
