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
