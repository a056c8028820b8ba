"""Photos of every kind: which are used, which are refused and why, and the crop's pixels."""

import io

import numpy as np
import pytest
from PIL import Image

from dataset.boxes import BoxError, PixelBox
from dataset.photo import make_crop
from dataset.photos.files import read_photo
from dataset.photos.parsed import PhotoError
from dataset.settings import DataSettings
from schemas.reasons import RejectReason

SETTINGS = DataSettings(box_margin=0.0, surplus=0.0, max_image_pixels=200_000)
WHOLE = PixelBox(0, 0, 200, 300)


def quadrants(mode="RGB"):
    """Returns an image of 300 x 200 pixels: red, green above blue, white."""
    image = Image.new("RGB", (300, 200))
    image.paste((255, 0, 0), (0, 0, 150, 100))
    image.paste((0, 255, 0), (150, 0, 300, 100))
    image.paste((0, 0, 255), (0, 100, 150, 200))
    image.paste((255, 255, 255), (150, 100, 300, 200))
    return image.convert(mode)


def encoded(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pixels(crop):
    image = Image.open(io.BytesIO(crop.jpeg))
    assert (image.format, image.mode) == ("JPEG", "RGB")
    return np.asarray(image).astype(int)


def corners(crop):
    """Returns the mean colours inside the four quadrants, rounded to a multiple of 51."""
    p = pixels(crop)
    h, w = p.shape[:2]
    parts = (
        p[: h // 3, : w // 3],
        p[: h // 3, -(w // 3) :],
        p[-(h // 3) :, : w // 3],
        p[-(h // 3) :, -(w // 3) :],
    )
    return [tuple((part.mean(axis=(0, 1)) / 51).round().astype(int) * 51) for part in parts]


QUADRANTS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("JPEG", "RGB", {"quality": 95}),
        ("JPEG", "RGB", {"quality": 95, "progressive": True}),
        ("JPEG", "CMYK", {"quality": 95}),
        ("PNG", "RGB", {}),
        ("PNG", "P", {}),
        ("PNG", "RGBA", {}),
        ("GIF", "P", {}),
        ("BMP", "RGB", {}),
        ("WEBP", "RGB", {"lossless": True}),
        ("TIFF", "RGB", {}),
    ],
)
def test_every_format_and_mode_becomes_rgb(kind, mode, options):
    crop = make_crop(encoded(quadrants(mode), kind, **options), WHOLE, SETTINGS, side=64)
    assert corners(crop) == QUADRANTS
    assert (crop.image_height, crop.image_width) == (200, 300)


def test_alpha_is_dropped_as_tensorflow_drops_it():
    image = quadrants("RGBA")
    image.putalpha(0)
    assert corners(make_crop(encoded(image), WHOLE, SETTINGS, 64)) == QUADRANTS


def test_grey_of_8_and_of_16_bits_keeps_its_brightness():
    grey = Image.new("L", (300, 200), 102)
    deep = Image.fromarray(np.full((200, 300), 102 * 256, np.uint16))
    for image in (grey, deep):
        assert pixels(make_crop(encoded(image), WHOLE, SETTINGS, 64)).mean() == pytest.approx(
            102, abs=2
        )


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_rotated_photo_is_turned_upright_and_the_box_is_in_upright_pixels(orientation):
    inverse = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = quadrants() if orientation == 1 else quadrants().transpose(inverse[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = encoded(stored, "JPEG", quality=95, exif=exif)
    crop = make_crop(photo, WHOLE, SETTINGS, 64)
    assert corners(crop) == QUADRANTS
    assert (crop.image_height, crop.image_width) == (200, 300)
    blue = make_crop(photo, PixelBox(110, 10, 80, 130), SETTINGS, 64)
    assert corners(blue) == [(0, 0, 255)] * 4


def test_a_rotated_tiff_is_turned_once():
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = quadrants().transpose(Image.Transpose.ROTATE_90)
    crop = make_crop(encoded(stored, "TIFF", exif=exif), WHOLE, SETTINGS, 64)
    assert corners(crop) == QUADRANTS
    assert (crop.image_height, crop.image_width) == (200, 300)


def test_the_box_has_rows_first():
    green = make_crop(encoded(quadrants()), PixelBox(10, 160, 80, 130), SETTINGS, 64)
    assert corners(green) == [(0, 255, 0)] * 4


def test_a_reduced_decode_gives_the_same_region():
    large = quadrants().resize((2400, 1600), Image.Resampling.NEAREST)
    settings = DataSettings(box_margin=0.0, surplus=0.0)
    crop = make_crop(encoded(large, "JPEG", quality=95), PixelBox(0, 0, 1600, 2400), settings, 64)
    p = pixels(crop)
    assert p.shape == (64, 64, 3)
    # The border between the quadrants stays in the middle.
    assert p[8, 28, 0] > 200 > 60 > p[8, 36, 0]
    assert p[28, 8, 0] > 200 > 60 > p[36, 8, 0]


def test_the_stored_crop_has_the_view_at_its_window():
    settings = DataSettings(box_margin=0.0, surplus=0.5)
    crop = make_crop(encoded(quadrants()), PixelBox(50, 100, 100, 100), settings, side=50)
    # 25 % of 50 is 12 on each side.
    assert crop.window == PixelBox(12, 12, 50, 50)
    p = pixels(crop)
    assert p.shape == (74, 74, 3)
    window = p[12:62, 12:62]
    assert window[5, 5, 0] > 200 and window[5, -5, 1] > 200 and window[-5, 5, 2] > 200


def refusal(photo, box=WHOLE, settings=SETTINGS):
    with pytest.raises((PhotoError, BoxError)) as error:
        make_crop(photo, box, settings, 64)
    return error.value.reason


@pytest.mark.parametrize(
    "photo", [b"", b"no picture", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a"]
)
def test_a_file_without_a_known_header_is_not_an_image(photo):
    assert refusal(photo) is RejectReason.NOT_AN_IMAGE


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_file_cut_in_half_is_truncated(kind):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8))
    photo = encoded(noise, kind)
    assert refusal(photo[: len(photo) // 2]) is RejectReason.IMAGE_TRUNCATED


def test_a_photo_over_the_limit_is_refused_before_it_is_decoded():
    photo = encoded(Image.new("L", (501, 400)))
    assert refusal(photo) is RejectReason.IMAGE_TOO_LARGE
    make_crop(encoded(Image.new("L", (500, 400))), WHOLE, SETTINGS, 64)


def test_a_box_past_the_edge_of_the_upright_photo_is_outside():
    settings = SETTINGS.replace(box_overhang=0.0)
    for box in (PixelBox(0, 0, 201, 300), PixelBox(-1, 0, 200, 300)):
        assert refusal(encoded(quadrants()), box, settings) is RejectReason.BOX_OUTSIDE_IMAGE


def test_of_a_box_that_overhangs_the_crop_is_that_of_its_part_in_the_photo():
    photo, settings = encoded(quadrants()), SETTINGS.replace(box_margin=0.1, surplus=0.2)
    part = PixelBox(105, 0, 95, 190)
    clipped = make_crop(photo, PixelBox(105, -10, 100, 200), settings, 64)
    assert clipped.box == part
    assert clipped == make_crop(photo, part, settings, 64)
    further = PixelBox(105, -11, 100, 200)
    assert refusal(photo, further, settings) is RejectReason.BOX_OUTSIDE_IMAGE


def test_a_missing_file_and_a_folder_are_missing(tmp_path):
    for path in (tmp_path / "none.jpg", tmp_path):
        with pytest.raises(PhotoError) as error:
            read_photo("", str(path))
        assert error.value.reason is RejectReason.IMAGE_MISSING


def test_a_korean_name_is_found_in_either_form(tmp_path):
    import unicodedata

    for on_disk, in_csv in (("NFC", "NFD"), ("NFD", "NFC")):
        name = f"강아지{on_disk}.jpg"
        (tmp_path / unicodedata.normalize(on_disk, name)).write_bytes(b"x")
        path = tmp_path / unicodedata.normalize(in_csv, name)
        assert read_photo("", str(path)) == b"x"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF"])
def test_any_damage_raises_an_error_with_a_reason(kind):
    rng = np.random.default_rng(1)
    photo = encoded(quadrants("P" if kind == "GIF" else "RGB"), kind)
    for _ in range(60):
        damaged = bytearray(photo)
        for index in rng.integers(0, len(photo), 8):
            damaged[index] = rng.integers(0, 256)
        damaged = bytes(damaged[: rng.integers(1, len(photo) + 1)])
        try:
            make_crop(damaged, WHOLE, SETTINGS, 64)
        except (PhotoError, BoxError) as error:
            assert isinstance(error.reason, RejectReason)
