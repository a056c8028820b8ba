"""Pictures are prepared for the model."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from client.predict import pictures
from dataset.photos.parsed import PhotoError
from schemas.reasons import RejectReason
from testing.models import quadrants


def refusal(photo: bytes) -> PhotoError:
    with pytest.raises(PhotoError) as caught:
        pictures.upright_picture(photo)
    return caught.value


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP"])
def test_an_upright_picture_that_the_model_knows_passes_unchanged(kind: str) -> None:
    photo = quadrants.encoded(quadrants.mottled(20, 30), kind)
    assert b"Exif" not in photo
    assert pictures.upright_picture(photo) == (photo, 20, 30)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_what_stands_beside_the_pixels_is_not_sent(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "maker"
    file = io.BytesIO()
    image = quadrants.mottled(20, 30)
    image.save(file, kind, exif=exif, icc_profile=b"profile" * 100)
    picture = pictures.upright_picture(file.getvalue())
    assert picture.encoded == quadrants.encoded(image, kind)
    assert b"maker" in file.getvalue()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "AVIF"])
def test_other_formats_become_png_without_loss(kind: str) -> None:
    photo = quadrants.encoded(quadrants.mottled(20, 30), kind)
    picture = pictures.upright_picture(photo)
    assert picture.encoded.startswith(b"\x89PNG")
    assert (picture.height, picture.width) == (20, 30)
    np.testing.assert_array_equal(quadrants.pixels_of(picture.encoded), quadrants.pixels_of(photo))


@pytest.mark.parametrize("kind", ["PPM", "JPEG2000", "ICO", "DDS"])
def test_formats_that_no_camera_and_no_browser_writes_are_refused(kind: str) -> None:
    error = refusal(quadrants.encoded(quadrants.mottled(20, 30), kind))
    assert error.reason is RejectReason.NOT_AN_IMAGE


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_a_picture_on_its_side_is_turned_upright_without_loss(kind: str) -> None:
    stored = quadrants.mottled(20, 30)
    photo = quadrants.encoded(stored, kind, quadrants.ON_ITS_SIDE)
    picture = pictures.upright_picture(photo)
    assert (picture.height, picture.width) == (30, 20)
    expected = np.rot90(np.asarray(stored), -1)  # A quarter turn clockwise.
    np.testing.assert_array_equal(quadrants.pixels_of(picture.encoded), expected)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_jpeg_in_any_other_orientation_is_turned_and_stays_jpeg(orientation: int) -> None:
    turns = {2: (0, 1), 3: (2, 0), 4: (2, 1), 5: (1, 2), 6: (3, 0), 7: (3, 2), 8: (1, 0)}
    quarters, mirror = turns[orientation]  # Anticlockwise, then 1: left-right, 2: up-down.
    stored = quadrants.mottled(40, 60)
    photo = quadrants.encoded(stored, "JPEG", orientation, quality=95, subsampling=0)
    picture = pictures.upright_picture(photo)
    expected = np.rot90(np.asarray(stored).astype(int), quarters)
    expected = {0: expected, 1: expected[:, ::-1], 2: expected[::-1]}[mirror]
    assert picture.encoded.startswith(b"\xff\xd8")
    assert (picture.height, picture.width) == expected.shape[:2]
    assert np.abs(quadrants.pixels_of(picture.encoded) - expected).mean() < 2
    assert Image.open(io.BytesIO(picture.encoded)).getexif().get(0x0112) is None


def test_a_senseless_orientation_counts_as_upright() -> None:
    image = quadrants.mottled(20, 30)
    picture = pictures.upright_picture(quadrants.encoded(image, "JPEG", 42))
    assert picture == (quadrants.encoded(image, "JPEG"), 20, 30)


def test_sixteen_bits_of_grey_keep_the_high_byte() -> None:
    image = Image.fromarray(np.full((4, 6), 0x80FF, np.uint16))
    picture = pictures.upright_picture(quadrants.encoded(image, "TIFF"))
    np.testing.assert_array_equal(quadrants.pixels_of(picture.encoded), 0x80)


def test_a_file_that_is_not_a_picture_is_refused() -> None:
    assert refusal(b"hello").reason is RejectReason.NOT_AN_IMAGE
    assert refusal(b"").reason is RejectReason.NOT_AN_IMAGE


def test_heic_is_refused_with_a_remedy() -> None:
    error = refusal(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic")
    assert error.reason is RejectReason.NOT_AN_IMAGE
    assert "convert the photo to JPEG" in str(error)


def test_a_picture_over_the_limit_is_refused_by_its_header() -> None:
    # A PNG of 10,000 x 6,401 pixels that breaks off where they begin.
    start = quadrants.encoded(quadrants.mottled(2, 2))[:12]
    chunk = b"IHDR" + struct.pack(">IIBBBBB", 10_000, 6_401, 8, 2, 0, 0, 0)
    error = refusal(start + chunk + struct.pack(">II", zlib.crc32(chunk), 99) + b"IDAT")
    assert error.reason is RejectReason.IMAGE_TOO_LARGE
    assert "6401 x 10000" in str(error)


def test_a_cut_picture_that_must_be_turned_is_refused() -> None:
    photo = quadrants.encoded(quadrants.mottled(200, 300), "JPEG", quadrants.ON_ITS_SIDE)
    assert refusal(photo[: len(photo) // 2]).reason is RejectReason.IMAGE_TRUNCATED
