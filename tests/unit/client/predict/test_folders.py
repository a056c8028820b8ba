"""Pictures are found one at a time, always in the same order."""

import unicodedata
from pathlib import Path

import pytest

from client.predict import folders
from schemas.errors import ConfigError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_a_folder_gives_its_pictures_and_those_below_sorted(tmp_path: Path) -> None:
    touch(tmp_path, "b.PNG", "a.jpg", "sub/deep/d.webp", "sub/c.Jpeg", "notes.txt", "raw.cr2")
    found = [
        Path(name).relative_to(tmp_path).as_posix()
        for name in folders.find_pictures([str(tmp_path)])
    ]
    assert found == ["a.jpg", "b.PNG", "sub/c.Jpeg", "sub/deep/d.webp"]


def test_hidden_files_and_folders_are_skipped(tmp_path: Path) -> None:
    touch(tmp_path, "cat.jpg", "._cat.jpg", ".thumbnails/cat.jpg")
    assert folders.find_pictures([str(tmp_path)]) == [str(tmp_path / "cat.jpg")]


def test_names_keep_their_order_and_each_picture_comes_once(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.jpg")
    a, b = str(tmp_path / "a.jpg"), str(tmp_path / "b.jpg")
    assert folders.find_pictures([b, str(tmp_path), "missing.jpg"]) == [b, a, "missing.jpg"]


def test_a_named_file_may_have_any_ending(tmp_path: Path) -> None:
    touch(tmp_path, "photo")
    assert folders.find_pictures([str(tmp_path / "photo")]) == [str(tmp_path / "photo")]


def test_a_folder_without_pictures_is_an_error(tmp_path: Path) -> None:
    touch(tmp_path, "notes.txt")
    with pytest.raises(ConfigError, match=r"must hold pictures.*\.avif \.bmp"):
        folders.find_pictures([str(tmp_path)])


def test_a_folder_named_in_hangul_is_found_in_either_form(tmp_path: Path) -> None:
    folder = tmp_path / unicodedata.normalize("NFD", "강아지")
    touch(folder, "a.jpg")
    assert folders.find_pictures([str(folder)]) == [str(folder / "a.jpg")]


def test_a_walk_is_sorted_as_whole_paths_are_and_does_not_follow_links(tmp_path: Path) -> None:
    touch(tmp_path, "a/b.jpg", "a.jpg", "a/a/z.jpg", "B.jpg", "a b/c.jpg")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    found = [*folders.walk_pictures([str(tmp_path)])]
    assert found == [*map(str, sorted(map(Path, found)))]
    assert len(found) == 5


def test_a_walk_looks_into_a_folder_when_it_gets_there(tmp_path: Path) -> None:
    touch(tmp_path, "a/a.jpg", "b/b.jpg")
    walk = folders.walk_pictures([str(tmp_path)])
    assert next(walk) == str(tmp_path / "a" / "a.jpg")
    touch(tmp_path, "b/c.jpg")
    assert len([*walk]) == 2


def test_a_link_that_leads_to_itself_is_one_picture_that_is_missing(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "nowhere.jpg").symlink_to("nowhere")
    names = [Path(path).name for path in folders.find_pictures([str(tmp_path)])]
    assert names == ["a.jpg", "loop.jpg", "nowhere.jpg"]
