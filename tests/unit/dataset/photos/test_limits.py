"""Limits of photos: files that would cost much memory or time."""

import io
import resource
import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from dataset.photos.jpeg import MAX_SCANS
from dataset.photos.opening import FORMATS, opened
from schemas.limits import MAX_IMAGE_PIXELS
from schemas.reasons import RejectReason
from testing.dataset.photo_bytes import COLUMNS, ROWS, chunk, decoded, encoded, mottled, refusal


def png_of_zeros(width, height, bits=1):
    """Returns a sound PNG of one colour; a few KB for hundreds of megapixels."""
    row = bytes(1 + (width * bits + 7) // 8)
    compressor = zlib.compressobj(9)
    data = b"".join(compressor.compress(row) for _ in range(height)) + compressor.flush()
    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", FORMATS)
def test_the_limit_is_checked_for_every_format(kind):
    photo = encoded(mottled(), kind)
    assert refusal(photo, ROWS * COLUMNS - 1).reason is RejectReason.IMAGE_TOO_LARGE
    assert refusal(photo, max_bytes=len(photo) - 1).reason is RejectReason.IMAGE_TOO_LARGE
    with opened(photo, ROWS * COLUMNS, len(photo)):
        pass


def bombs():
    """Returns what makes small files of which a decoder would make gigabytes, by name."""
    huge = struct.pack(">HH", 60_000, 60_000)
    jpeg = encoded(mottled(), "JPEG")
    jpeg_bomb = jpeg.replace(struct.pack(">HH", ROWS, COLUMNS), huge)
    gif = bytearray(encoded(mottled("P"), "GIF"))
    gif[6:10] = struct.pack("<HH", 60_000, 60_000)
    frame = bytearray(encoded(mottled("P"), "GIF"))
    at = frame.index(b"\x2c\0\0\0\0")
    frame[at + 5 : at + 9] = struct.pack("<HH", 60_000, 60_000)
    bmp = bytearray(encoded(mottled(), "BMP"))
    bmp[18:26] = struct.pack("<ii", 60_000, -60_000)
    webp = b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff\xff\x3f" * 2
    tiff = encoded(mottled(), "TIFF").replace(
        struct.pack("<HHII", 256, 4, 1, COLUMNS), struct.pack("<HHII", 256, 4, 1, 4_000_000_000)
    )
    sides = (
        (256, 64),
        (257, 64),
        (258, 8),
        (259, 8),
        (262, 1),
        (277, 1),
        (322, 2**17),
        (323, 2**17),
    )
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sides)
    tile = b"II*\0\x08\0\0\0" + struct.pack("<H", len(sides)) + entries + bytes(4)
    icon = b"\0\0\1\0\1\0\x40\x40\0\0\1\0\x20\0" + struct.pack("<II", 99, 22)
    return {
        "png": lambda: png_of_zeros(14_000, 14_000),
        "png in an icon": lambda: icon + png_of_zeros(20_000, 4_000),
        "jpeg": lambda: jpeg_bomb,
        "gif screen": lambda: bytes(gif),
        "gif frame": lambda: bytes(frame),
        "bmp": lambda: bytes(bmp),
        "webp": lambda: webp,
        "tiff": lambda: tiff,
        "tiff tile": lambda: tile,
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", bombs())
def test_a_bomb_costs_no_memory(name):
    photo = bombs()[name]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    error = refusal(photo)
    assert error.reason in (RejectReason.IMAGE_TOO_LARGE, RejectReason.NOT_AN_IMAGE)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024  # KiB


def test_pillows_own_limit_is_on():
    assert Image.MAX_IMAGE_PIXELS == 89_478_485
    photo = png_of_zeros(14_000, 13_000)
    assert refusal(photo, max_pixels=10**9).reason is RejectReason.IMAGE_TOO_LARGE


def test_a_progressive_jpeg_of_many_scans_is_refused():
    photo = encoded(mottled(), "JPEG", progressive=True)
    last = photo.rindex(b"\xff\xda")
    scan = photo[last:-2]
    many = photo[:-2] + scan * MAX_SCANS + b"\xff\xd9"
    assert "scans" in str(refusal(many))
    np.testing.assert_array_equal(decoded(photo).shape, (ROWS, COLUMNS, 3))


def tiff_that_names_its_bytes_often(tags, length):
    """Returns a TIFF whose directory says of many tags that they have all of the file's bytes."""
    entries = b"".join(struct.pack("<HHII", 40_000 + tag, 7, length, 8) for tag in range(tags))
    directory = struct.pack("<H", tags) + entries + bytes(4)
    body = bytes(length)
    return b"II*\0" + struct.pack("<I", 8 + length) + body + directory


def test_directories_that_overlap_cost_no_memory():
    # 20,000 tags of 1 MB each are 20 GB for a reader that keeps their values.
    exif = b"Exif\0\0" + tiff_that_names_its_bytes_often(2_000, 30_000)
    tiff = tiff_that_names_its_bytes_often(20_000, 1_000_000)
    jpeg = encoded(mottled(), "JPEG")
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    np.testing.assert_array_equal(decoded(jpeg[:2] + segment * 3 + jpeg[2:]), decoded(jpeg))
    assert refusal(tiff).reason is RejectReason.NOT_AN_IMAGE
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024  # KiB


def test_only_the_first_frame_of_a_gif_is_decoded():
    image = np.asarray(mottled("P"))
    frames = [Image.fromarray(np.roll(image, shift, axis=1)) for shift in range(50)]
    photo = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    with opened(photo, MAX_IMAGE_PIXELS) as one:
        assert one.image.n_frames == 1
        assert len(one.content) < len(photo) / 20
    np.testing.assert_array_equal(decoded(photo), Image.open(io.BytesIO(photo)).convert("RGB"))


def test_a_gif_with_a_comment_of_many_blocks_is_read_in_time():
    photo = encoded(mottled("P"), "GIF")
    at = photo.index(b"\x2c\0\0\0\0")
    blocks = b"\x21\xfe" + (b"\xff" + b"x" * 255) * 200_000 + b"\0"
    np.testing.assert_array_equal(decoded(photo[:at] + blocks + photo[at:]), decoded(photo))


def walks():
    """Returns what makes files that say little and have much to walk through, by name."""
    size = 8 << 20
    gif = b"GIF89a\x09\0\x09\0\0\0\0"
    frame = b"\x2c\0\0\0\0\x09\0\x09\0\0\x02"
    png = encoded(mottled(), "PNG")
    avif = b"\0\0\0\x14ftypavif\0\0\0\0avif"
    big_tiff = b"II" + struct.pack("<HHHQQ", 43, 8, 0, 16, size // 20)
    return {
        "JPEG of fill bytes": lambda: b"\xff\xd8" + b"\xff" * size,
        "JPEG of segments": lambda: b"\xff\xd8" + b"\xff\xe1\0\2" * (size // 4),
        "GIF of blocks of one byte": lambda: gif + b"\x21\xfe" + b"\1" * size,
        "GIF of extensions": lambda: gif + b"\x21\xfe\0" * (size // 3),
        "GIF whose frame has blocks of one byte": lambda: gif + frame + b"\1" * size,
        "PNG of chunks": lambda: png[:33] + chunk(b"tEXt", b"") * (size // 12),
        "BigTIFF of a million entries": lambda: big_tiff + b"\1" * size,
        "AVIF of items": lambda: avif + b"infe\2" + b"....0000Exif" * (size // 12),
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", walks())
def test_a_file_that_was_made_for_it_is_not_walked_through_for_long(name):
    photo = walks()[name]()
    began = time.process_time()
    assert refusal(photo).reason is RejectReason.NOT_AN_IMAGE
    assert time.process_time() - began < 0.8  # It was 0.2 to 3 s.


@pytest.mark.parametrize(("width", "height"), [(65_536, 1), (1, 65_536)])
def test_a_side_beyond_the_servables_is_refused_here_too(width, height):
    assert refusal(png_of_zeros(width, height)).reason is RejectReason.IMAGE_TOO_LARGE
    with opened(png_of_zeros(min(width, 65_535), min(height, 65_535)), MAX_IMAGE_PIXELS):
        pass
