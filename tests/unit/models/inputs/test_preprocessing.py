"""The pixels that the model sees: formats, views, resizing."""

import io
import itertools

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from dataset import boxes
from models.inputs.preprocessing import (
    clip_box,
    lies_within,
    preprocess,
    view_of,
    whole_picture,
)
from testing.models import samples

SIDE = samples.SIDE


def pixels_of(picture: bytes, view: tuple[int, ...] | None = None, side: int = SIDE) -> np.ndarray:
    choose_view = whole_picture if view is None else (lambda size: tf.constant(view, tf.int64))
    preprocessed = preprocess(tf.constant(picture), choose_view, side)
    assert bool(preprocessed.inside)
    return preprocessed.pixels.numpy()


def difference(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.abs(one.astype(int) - other.astype(int)).max())


def test_grey_200_is_200_for_the_network_and_not_a_share_of_255() -> None:
    pixels = pixels_of(samples.jpeg(samples.plain(200, 40, 50)))
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, 200)


@pytest.mark.parametrize("kind", ["PNG", "BMP"])
def test_lossless_formats_keep_every_pixel(kind: str) -> None:
    picture = samples.mottled(SIDE, SIDE)
    np.testing.assert_array_equal(pixels_of(samples.encoded(picture, kind)), picture)


def test_a_gif_gives_its_first_frame() -> None:
    frames = [Image.fromarray(samples.plain(colour)) for colour in (samples.RED, samples.BLUE)]
    gif = samples.encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(pixels_of(gif), samples.plain(samples.RED))


@pytest.mark.parametrize("mode", ["L", "P", "1", "RGBA", "LA"])
def test_png_modes_become_rgb_as_pillow_makes_them(mode: str) -> None:
    image = Image.fromarray(samples.mottled(SIDE, SIDE)).convert(mode)
    expected = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(pixels_of(samples.encoded(image)), expected)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA"])
def test_bmp_modes_become_rgb_as_pillow_makes_them(mode: str) -> None:
    image = Image.fromarray(samples.mottled(SIDE, SIDE)).convert(mode)
    expected = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(pixels_of(samples.encoded(image, "BMP")), expected)


def test_sixteen_bit_grey_keeps_its_high_byte() -> None:
    image = Image.fromarray(np.full((SIDE, SIDE), 0x7F80, np.uint16))
    np.testing.assert_array_equal(pixels_of(samples.encoded(image)), samples.plain(0x7F))


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_jpeg_modes_become_rgb_as_pillow_makes_them(mode: str) -> None:
    picture = samples.jpeg(Image.fromarray(samples.mottled(SIDE, SIDE)).convert(mode))
    expected = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))
    assert difference(pixels_of(picture), expected) <= 1


def test_a_jpeg_that_needs_no_resize_is_as_pillow_decodes_it() -> None:
    picture = samples.encoded(samples.mottled(SIDE, SIDE), "JPEG", quality=80)
    np.testing.assert_array_equal(pixels_of(picture), np.asarray(Image.open(io.BytesIO(picture))))


def test_an_exif_orientation_is_ignored() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # "Turn by 90 degrees to show."
    picture = samples.mottled(SIDE, SIDE)
    turned = samples.jpeg(picture, exif=exif)
    assert b"Exif" in turned
    np.testing.assert_array_equal(pixels_of(turned), pixels_of(samples.jpeg(picture)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize(
    ("view", "colour"),
    [
        ((0, 0, 20, 40), samples.RED),
        ((0, 40, 20, 60), samples.GREEN),
        ((20, 0, 10, 40), samples.BLUE),
        ((20, 40, 10, 60), samples.BLACK),
    ],
)
def test_a_view_is_y_x_height_width(
    kind: str, view: tuple[int, ...], colour: tuple[int, ...]
) -> None:
    # 30 rows and 100 columns in four parts that meet at row 20, column 40.
    pixels = samples.plain(samples.BLACK, 30, 100)
    pixels[:20, :40], pixels[:20, 40:] = samples.RED, samples.GREEN
    pixels[20:, :40] = samples.BLUE
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    cut_out = pixels_of(samples.encoded(pixels, kind, **options), view)
    # Inside, away from the ringing that a JPEG has at the edge between two blocks.
    assert difference(cut_out[4:-4, 4:-4], samples.plain(colour, SIDE - 8, SIDE - 8)) <= 10


@pytest.mark.parametrize(("height", "width"), [(200, 300), (20, 24), (20, 300), (33, 31)])
def test_the_resize_is_pillows_bilinear(height: int, width: int) -> None:
    picture = samples.mottled(height, width)
    bilinear = Image.Resampling.BILINEAR
    expected = np.asarray(Image.fromarray(picture).resize((SIDE, SIDE), bilinear))
    assert difference(pixels_of(samples.encoded(picture)), expected) <= 1


def test_a_thin_line_is_not_lost_when_shrunk() -> None:
    picture = samples.plain(samples.BLACK, 320, 320)
    picture[:, 160] = 255  # Plain bilinear would read columns 164 and 165 alone, and miss it.
    assert pixels_of(samples.encoded(picture)).max() > 10


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("view", [(0, 0, 0, 5), (0, 0, 41, 5), (0, 48, 5, 3), (-1, 0, 5, 5)])
def test_a_view_past_the_picture_is_not_inside_and_has_no_pixels(
    kind: str, view: tuple[int, ...]
) -> None:
    picture = samples.encoded(samples.plain(200, 40, 50), kind)
    preprocessed = preprocess(tf.constant(picture), lambda size: tf.constant(view, tf.int64), SIDE)
    assert not bool(preprocessed.inside)
    assert preprocessed.pixels.numpy().max() == 0


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
def test_a_picture_that_breaks_off_is_an_error(kind: str, share: float) -> None:
    picture = samples.encoded(samples.mottled(96, 128), kind)
    with pytest.raises(tf.errors.InvalidArgumentError):
        pixels_of(picture[: int(len(picture) * share)])


def test_a_palette_bmp_with_a_palette_too_short_is_an_error() -> None:
    image = Image.fromarray(samples.mottled(SIDE, SIDE)).convert("P")
    bmp = bytearray(samples.encoded(image, "BMP"))
    bmp[10:14] = (54).to_bytes(4, "little")  # The pixels begin where the palette should.
    with pytest.raises(tf.errors.InvalidArgumentError):
        pixels_of(bytes(bmp))


def test_the_view_of_a_box_is_the_ingests_view() -> None:
    # Sides times margins that end in .5; at 45 * 0.7 and 90 * 0.35 single precision rounds up
    # what double precision rounds down.
    height, width = 480, 640
    sides = [1, 3, 10, 15, 30, 45, 90, 101, 250, 450]
    pixel_boxes = list(itertools.product([0, 1, 17, 29], [0, 2, 189], sides, sides))
    for margin in (0.0, 0.05, 0.1, 0.15, 0.35, 0.7, 1.0):

        @tf.function
        def views(many: tf.Tensor, margin: float = margin) -> tf.Tensor:
            size = tf.constant([height, width], tf.int64)
            return tf.map_fn(lambda box: view_of(box, margin, size), many)

        expected = [
            boxes.view_of(boxes.PixelBox(*each), margin, height, width) for each in pixel_boxes
        ]
        np.testing.assert_array_equal(
            views(tf.constant(pixel_boxes, tf.int64)), np.asarray(expected)
        )


@pytest.mark.slow
def test_a_box_is_clipped_as_the_ingest_clips_it() -> None:
    height, width = 480, 640
    # Sides times shares that end in .5, and corners on both sides of every limit.
    rows = [(y, side) for side in (1, 10, 30, 90, 470, 500) for y in _starts(side, height)]
    columns = [(x, side) for side in (1, 10, 101, 650) for x in _starts(side, width)]
    many = [(y, x, rows, cols) for (y, rows), (x, cols) in itertools.product(rows, columns)]
    size = tf.constant([height, width], tf.int64)
    for overhang in (0.0, 0.05, 0.15, 0.35, boxes.MAX_OVERHANG):
        clipped = tf.vectorized_map(
            lambda box, overhang=overhang: clip_box(box, overhang, size),
            tf.constant(many, tf.int64),
        ).numpy()
        expected = [_part(boxes.PixelBox(*box), overhang, height, width) for box in many]
        np.testing.assert_array_equal(clipped, expected)
        assert (clipped[:, 2] == 0).any() and (clipped[:, 2] > 0).any()


def _starts(side: int, limit: int) -> set[int]:
    """Corners at which no pixel, and one more or less than some share of the side, is outside."""
    shares = [int(side * share + 0.5) for share in (0.0, 0.05, 0.15, 0.35, 0.5)]
    outside = {share + step for share in shares for step in (-1, 0, 1)} | {side}
    return {-count for count in outside} | {limit - side + count for count in outside}


def _part(box: boxes.PixelBox, overhang: float, height: int, width: int) -> boxes.PixelBox:
    try:
        return boxes.clip_box(box, overhang, height, width)
    except boxes.BoxError:
        return boxes.PixelBox(0, 0, 0, 0)


def test_a_box_touching_the_far_corner_lies_within() -> None:
    size = tf.constant([40, 50], tf.int64)
    assert bool(lies_within(tf.constant([30, 45, 10, 5], tf.int64), size))
    assert not bool(lies_within(tf.constant([30, 45, 10, 6], tf.int64), size))
    assert not bool(lies_within(tf.constant([31, 45, 10, 5], tf.int64), size))


def test_huge_numbers_do_not_wrap_round_into_the_picture() -> None:
    size, huge = tf.constant([40, 50], tf.int64), 2**63 - 1
    for wrong in ([1, 0, huge, 5], [huge, 0, 1, 5], [-huge - 1, 0, huge, 5], [0, 0, 5, huge]):
        box = tf.constant(wrong, tf.int64)
        assert not bool(lies_within(box, size))
        np.testing.assert_array_equal(view_of(box, 0.05, size), [0, 0, 0, 0])
        np.testing.assert_array_equal(clip_box(box, 0.5, size), [0, 0, 0, 0])
