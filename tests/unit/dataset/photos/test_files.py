"""The file of a photo: found under any spelling of its name, and read only if it is a file."""

import os
import socket
import unicodedata
from pathlib import Path

import pytest

from dataset.photos.files import find_photo, photo_state, read_beginning, read_file, read_photo
from dataset.photos.parsed import PhotoError
from schemas.reasons import RejectReason


def refusal(call, *args):
    with pytest.raises(PhotoError) as caught:
        call(*args)
    return caught.value


def write(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def nfc(text):
    return unicodedata.normalize("NFC", text)


def nfd(text):
    return unicodedata.normalize("NFD", text)


@pytest.mark.parametrize(
    ("on_disk", "in_csv"),
    [
        ("a/b.jpg", "a/b.jpg"),
        ("a/b.jpg", "./a//b.jpg"),
        ("a/b.jpg", "a\\b.jpg"),
        ("a\\b.jpg", "a\\b.jpg"),
        (nfc("강아지/고양이.jpg"), nfd("강아지/고양이.jpg")),
        (nfd("강아지/고양이.jpg"), nfc("강아지/고양이.jpg")),
        (nfd("강아지") + nfc("/고양이.jpg"), nfc("강아지/고양이.jpg")),
        (nfc("강아지") + nfd("/고양이.jpg"), nfc("강아지") + "\\" + nfc("고양이.jpg")),
    ],
)
@pytest.mark.parametrize("root", ["photos", nfc("사진"), nfd("사진")])
def test_a_photo_is_found_and_its_change_noticed(tmp_path, root, on_disk, in_csv):
    path = write(tmp_path / root / on_disk)
    image_root = str(tmp_path / root)
    assert read_photo(image_root, in_csv) == b"x"
    before = photo_state(image_root, in_csv)
    assert before != "-"
    path.write_bytes(b"other")
    assert photo_state(image_root, in_csv) != before
    assert read_photo(image_root, in_csv) == b"other"


def test_an_absolute_path_does_not_start_from_the_root(tmp_path):
    path = write(tmp_path / "a.jpg")
    assert find_photo("/nowhere", str(path))[0] == str(path)
    assert photo_state("/nowhere", str(path)).startswith("1,")


@pytest.mark.parametrize("name", ["none.jpg", "", "a\0.jpg", "x" * 5000, ".", "https://x.y/a.jpg"])
def test_what_is_no_file_is_missing(tmp_path, name):
    assert refusal(read_photo, str(tmp_path), name).reason is RejectReason.IMAGE_MISSING


def test_a_path_of_windows_is_told(tmp_path):
    assert "Windows" in str(refusal(read_photo, str(tmp_path), "C:\\Users\\me\\a.jpg"))


def pipe(path):
    os.mkfifo(path)


def folder(path):
    path.mkdir()


def device(path):
    path.symlink_to("/dev/zero")


def endless(path):
    path.symlink_to("/dev/stdin")


def listener(path):
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


@pytest.mark.parametrize("make", [pipe, folder, device, endless, listener])
def test_only_regular_files_are_opened(tmp_path, monkeypatch, make):
    monkeypatch.chdir(tmp_path)  # The name of a socket is short.
    path = Path("photo.jpg")
    make(path)
    for call in (read_file, lambda name: read_beginning(name, 10)):
        assert refusal(call, str(path)).reason is RejectReason.IMAGE_MISSING


def test_a_longer_file_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "a.jpg"
    with path.open("wb") as file:
        file.truncate(2**40)
    assert refusal(read_file, str(path)).reason is RejectReason.IMAGE_TOO_LARGE
    assert read_beginning(str(path), 10) == bytes(10)


@pytest.mark.parametrize(
    "name", ["../secret.jpg", "a/../../secret.jpg", "..\\secret.jpg", "{}/secret.jpg", "link.jpg"]
)
def test_a_photo_outside_of_the_root_can_be_refused(tmp_path, name):
    write(tmp_path / "secret.jpg")
    root = tmp_path / "photos"
    write(root / "a" / "b.jpg")
    (root / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    image_path = name.format(tmp_path)
    assert read_photo(str(root), image_path) == b"x"
    with pytest.raises(PhotoError, match="it lies at") as refused:
        read_photo(str(root), image_path, below_root=True)
    assert refused.value.reason is RejectReason.IMAGE_OUTSIDE_ROOT


@pytest.mark.parametrize("name", ["a/b.jpg", "a/../a/b.jpg", "{}/photos/a/b.jpg", "inner.jpg"])
def test_a_photo_below_the_root_is_read_all_the_same(tmp_path, name):
    inside = write(tmp_path / "photos" / "a" / "b.jpg")
    (tmp_path / "photos" / "inner.jpg").symlink_to(inside)
    (tmp_path / "root").symlink_to(tmp_path / "photos")
    for root in (tmp_path / "photos", tmp_path / "root"):
        assert read_photo(str(root), name.format(tmp_path), below_root=True) == b"x"


def test_a_folder_with_the_roots_name_at_its_beginning_lies_outside(tmp_path):
    write(tmp_path / "photos2" / "a.jpg")
    (tmp_path / "photos").mkdir()
    with pytest.raises(PhotoError, match="photos2"):
        read_photo(str(tmp_path / "photos"), "../photos2/a.jpg", below_root=True)


@pytest.mark.parametrize("name", ["gs://other/a.jpg", "../other/a.jpg", "a/../../a.jpg"])
def test_an_object_outside_of_the_root_is_refused_without_asking_its_bucket(name):
    with pytest.raises(PhotoError) as refused:
        read_photo("gs://pets/photos", name, below_root=True)
    assert refused.value.reason is RejectReason.IMAGE_OUTSIDE_ROOT
