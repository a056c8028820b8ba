"""The orientation that the servable reads, and what it does with boxes and pixels."""

import random
import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from dataset.photos import exif as core_exif
from dataset.photos import jpeg as core_jpeg
from dataset.photos import png as core_png
from dataset.photos.parsed import IncompleteError, MalformedError
from models.inputs import exif, jpeg, png
from testing.fuzz.mutations import mutated
from testing.models import samples

ORIENTATIONS = range(1, 9)
PIXELS = samples.mottled(8, 12)

_read_jpeg = tf.function(
    exif.jpeg_orientation, input_signature=[tf.TensorSpec([], tf.string)], autograph=False
)
_read_png = tf.function(
    lambda encoded: exif.tiff_orientation(png.opened(encoded, png.size_of(encoded)).exif),
    input_signature=[tf.TensorSpec([], tf.string)],
    autograph=False,
)


def tiff(order: str, *entries: tuple[int, int, int, int], directory: int = 8) -> bytes:
    """Returns a TIFF structure: byte order, then (tag, type, count, value) for each entry."""
    magic = b"II*\0" if order == "<" else b"MM\0*"
    content = struct.pack(f"{order}H", len(entries))
    for tag, kind, count, value in entries:
        content += struct.pack(f"{order}HHIHH", tag, kind, count, value, 0)
    return magic + struct.pack(f"{order}I", directory) + bytes(directory - 8) + content


def segment(marker: int, content: bytes) -> bytes:
    return b"\xff" + struct.pack(">BH", marker, 2 + len(content)) + content


def with_segments(*segments: bytes) -> bytes:
    """Returns a sound JPEG with these bytes behind its first marker."""
    photo = samples.jpeg(PIXELS)
    return photo[:2] + b"".join(segments) + photo[2:]


TURNED = b"Exif\0\0" + tiff("<", (0x0112, 3, 1, 6))
UPSIDE_DOWN = b"Exif\0\0" + tiff("<", (0x0112, 3, 1, 3))
CASES = {
    "little-endian": (with_segments(segment(0xE1, TURNED)), 6),
    "big-endian": (with_segments(segment(0xE1, b"Exif\0\0" + tiff(">", (0x0112, 3, 1, 8)))), 8),
    "behind another entry": (
        with_segments(segment(0xE1, b"Exif\0\0" + tiff("<", (0x010F, 2, 4, 7), (0x0112, 3, 1, 3)))),
        3,
    ),
    "directory far behind": (
        with_segments(segment(0xE1, b"Exif\0\0" + tiff(">", (0x0112, 3, 1, 5), directory=500))),
        5,
    ),
    "behind XMP and fill bytes": (
        with_segments(segment(0xE1, b"http://ns.adobe"), b"\xff" * 200, segment(0xE1, TURNED)),
        6,
    ),
    "the first of two": (
        with_segments(segment(0xE1, TURNED), segment(0xE1, UPSIDE_DOWN)),
        6,
    ),
    "a value of 9": (with_segments(segment(0xE1, b"Exif\0\0" + tiff("<", (0x0112, 3, 1, 9)))), 1),
    "a value of 0": (with_segments(segment(0xE1, b"Exif\0\0" + tiff("<", (0x0112, 3, 1, 0)))), 1),
    "a LONG": (with_segments(segment(0xE1, b"Exif\0\0" + tiff("<", (0x0112, 4, 1, 6)))), 1),
    "two values": (with_segments(segment(0xE1, b"Exif\0\0" + tiff("<", (0x0112, 3, 2, 6)))), 1),
    "another segment's": (with_segments(segment(0xE2, TURNED)), 1),
    "behind bytes of no segment": (with_segments(b"\0\0\0", segment(0xE1, TURNED)), 1),
    "behind an escaped 0xFF": (with_segments(b"\xff\0\0\2", segment(0xE1, TURNED)), 1),
    "none": (with_segments(), 1),
}  # fmt: skip


@pytest.mark.parametrize("name", list(CASES))
def test_the_orientation_is_read_as_browsers_read_it(name: str) -> None:
    photo, orientation = CASES[name]
    assert int(_read_jpeg(photo)) == orientation
    assert core_jpeg.parse(photo).orientation == orientation


@pytest.mark.slow
def test_mutated_exif_is_read_as_the_client_reads_it() -> None:
    sound = [photo for photo, _ in CASES.values()]
    counts = dict.fromkeys(range(9), 0)
    too_long = 0
    for index in range(3_000):
        photo = mutated(sound, f"exif:{index}")
        try:
            expected = core_jpeg.parse(photo).orientation
        except (MalformedError, IncompleteError):
            counts[0] += 1
            continue
        try:
            orientation = int(_read_jpeg(photo))
        except tf.errors.InvalidArgumentError as error:
            # The client walks further, and sends no such segments.
            assert f"at most {jpeg.MAX_SEGMENTS} segments" in str(error)
            too_long += 1
            continue
        assert orientation == expected, f"mutation {index}"
        counts[expected] += 1
    # The mutations leave enough that differs.
    assert all(counts[orientation] > 5 for orientation in (1, 3, 5, 6, 8)), counts
    assert too_long < 30


@pytest.mark.slow
def test_mutated_directories_are_read_as_the_client_reads_them() -> None:
    read = tf.function(
        exif.tiff_orientation, input_signature=[tf.TensorSpec([], tf.string)], autograph=False
    )
    rng = random.Random(0)
    turned = 0
    for index in range(1_000):
        entries = [
            (
                rng.choice((0x0112, 0x0111)),
                rng.choice((3, 4)),
                rng.choice((1, 2)),
                rng.randrange(10),
            )
            for _ in range(3)
        ]
        content = tiff(rng.choice("<>"), *entries, directory=rng.choice((8, 9, 300)))
        if index % 2:
            content = mutated([content], f"tiff:{index}")
        expected = core_exif.orientation_of(content)
        turned += expected != 1
        assert int(read(content)) == expected, f"mutation {index}"
    assert turned > 60


@pytest.mark.slow
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_pngs_orientation_is_read_as_the_client_reads_it(orientation: int) -> None:
    exif_data = Image.Exif()
    exif_data[0x0112] = orientation
    photo = samples.encoded(PIXELS, exif=exif_data)
    assert core_png.parse(photo).orientation == orientation
    assert int(_read_png(photo)) == orientation


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_pixels_are_turned_as_the_client_turns_them(orientation: int) -> None:
    expected = np.asarray(core_exif.turn(Image.fromarray(PIXELS), orientation))
    turned = exif.upright(tf.constant(PIXELS), tf.constant(orientation))
    np.testing.assert_array_equal(turned, expected)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_box_on_the_upright_picture_cuts_the_same_pixels_of_the_stored_one(
    orientation: int,
) -> None:
    upright = np.asarray(core_exif.turn(Image.fromarray(PIXELS), orientation))
    y, x, height, width = 1, 2, 3, 5
    size = tf.constant(PIXELS.shape[:2], tf.int64)
    stored = exif.stored_box(
        tf.constant([y, x, height, width], tf.int64), size, tf.constant(orientation)
    )
    top, left, rows, columns = stored.numpy()
    cut = PIXELS[top : top + rows, left : left + columns]
    np.testing.assert_array_equal(
        exif.upright(tf.constant(cut), tf.constant(orientation)),
        upright[y : y + height, x : x + width],
    )
    assert exif.upright_size(size, tf.constant(orientation)).numpy().tolist() == [
        *upright.shape[:2]
    ]
