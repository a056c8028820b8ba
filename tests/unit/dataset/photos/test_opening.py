"""The one way from a file's bytes to a decoder: formats, limits, metadata, and any error."""

import io
import random
import resource
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from dataset.photos import opening
from dataset.photos.decoding import decode_whole
from dataset.photos.jpeg import MAX_SCANS
from dataset.photos.opening import FORMATS, load, opened
from dataset.photos.parsed import PhotoError
from schemas.limits import MAX_IMAGE_PIXELS
from schemas.reasons import RejectReason

ROWS, COLUMNS = 40, 60


def mottled(mode="RGB"):
    coarse = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((COLUMNS, ROWS), Image.Resampling.BICUBIC).convert(mode)


def encoded(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def decoded(photo):
    with opened(photo, MAX_IMAGE_PIXELS) as one:
        return np.asarray(decode_whole(one).pixels)


def refusal(photo, max_pixels=MAX_IMAGE_PIXELS, **limits):
    with pytest.raises(PhotoError) as caught, opened(photo, max_pixels, **limits) as one:
        load(one)
    return caught.value


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of_zeros(width, height, bits=1):
    """Returns a sound PNG of one colour; a few KB for hundreds of megapixels."""
    row = bytes(1 + (width * bits + 7) // 8)
    compressor = zlib.compressobj(9)
    data = b"".join(compressor.compress(row) for _ in range(height)) + compressor.flush()
    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def test_every_format_is_opened_by_its_content():
    assert {kind: opening.format_of(encoded(mottled(), kind)) for kind in FORMATS} == {
        kind: kind for kind in FORMATS
    }


@pytest.mark.parametrize("kind", FORMATS)
def test_size_and_pixels_are_those_of_the_file(kind):
    photo = encoded(mottled(), kind)
    with opened(photo, MAX_IMAGE_PIXELS) as one:
        assert (one.format, one.height, one.width) == (kind, ROWS, COLUMNS)
    np.testing.assert_array_equal(decoded(photo), Image.open(io.BytesIO(photo)).convert("RGB"))


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("L", "JPEG"), ("CMYK", "JPEG"), ("1", "PNG"), ("LA", "PNG"), ("P", "PNG"), ("RGBA", "PNG"),
     ("P", "GIF"), ("1", "BMP"), ("P", "BMP"), ("RGBA", "WEBP"), ("CMYK", "TIFF"), ("1", "TIFF"),
     ("P", "TIFF"), ("RGBA", "TIFF"), ("RGBA", "AVIF")],
)  # fmt: skip
def test_modes_of_eight_bits_are_used(mode, kind):
    photo = encoded(mottled(mode), kind)
    np.testing.assert_array_equal(decoded(photo), Image.open(io.BytesIO(photo)).convert("RGB"))


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "zstd"])
@pytest.mark.parametrize("big", [False, True])
def test_compressed_and_big_tiffs_are_used(compression, big):
    photo = encoded(mottled(), "TIFF", compression=compression, big_tiff=big)
    assert np.abs(decoded(photo).astype(int) - np.asarray(mottled())).mean() < 3


def test_a_big_tiff_with_its_directory_beyond_all_files_is_refused():
    error = refusal(b"II" + struct.pack("<HHHQ", 43, 8, 0, 2**63) + bytes(100))
    assert error.reason is RejectReason.NOT_AN_IMAGE


@pytest.mark.parametrize("mode", ["F", "I"])
def test_numbers_without_a_black_and_a_white_are_refused(mode):
    error = refusal(encoded(mottled("L").convert(mode), "TIFF"))
    assert error.reason is RejectReason.NOT_AN_IMAGE
    assert f"mode {mode}" in str(error)


@pytest.mark.parametrize("kind", ["PPM", "JPEG2000", "ICO", "DDS", "PCX", "TGA", "SGI", "EPS"])
def test_other_formats_are_refused_whatever_pillow_can(kind):
    assert refusal(encoded(mottled(), kind)).reason is RejectReason.NOT_AN_IMAGE


def test_postscript_is_never_run():
    error = refusal(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n")
    assert error.reason is RejectReason.NOT_AN_IMAGE
    assert "PostScript" in str(error)


@pytest.mark.parametrize(
    "brands", [b"heic\0\0\0\0mif1heic", b"mif1\0\0\0\0mif1heic", b"msf1\0\0\0\0", b"heix\0\0\0\0"]
)
def test_heic_is_refused_with_a_remedy(brands):
    error = refusal(struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands + bytes(500))
    assert error.reason is RejectReason.NOT_AN_IMAGE
    assert "convert the photo to JPEG" in str(error)


def test_an_avif_with_a_general_major_brand_is_no_heic():
    photo = encoded(mottled(), "AVIF")
    assert photo[8:12] == b"avif"
    general = photo[:8] + b"mif1" + photo[12:]
    np.testing.assert_array_equal(decoded(general), decoded(photo))


# Limits


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


# Metadata


@pytest.mark.parametrize("size", [2_000_000, 10])
@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"eXIf", b"tRNS", b"abcd"])
def test_what_stands_beside_a_pngs_pixels_refuses_no_picture(kind, size):
    photo = encoded(mottled(), "PNG")
    data = b"key\0\0" + zlib.compress(bytes(size)) if kind in (b"zTXt", b"iCCP") else bytes(size)
    odd = chunk(kind, data)
    broken = odd[:-4] + b"nope"
    for extra in (odd, broken):
        np.testing.assert_array_equal(decoded(photo[:33] + extra + photo[33:]), decoded(photo))


@pytest.mark.parametrize("value", ["text", -1, 2**31, (1, 0)])
def test_odd_exif_refuses_no_picture(value):
    # Pillow fails on some of these when it writes the EXIF again, which turning a photo did.
    directory = struct.pack(">HHHIHH", 1, 0x0112, 3, 1, 6, 0)
    kinds = {str: (2, 4, b"text"), int: (9, 1, b"\xff\xff\xff\xff"), tuple: (5, 1, bytes(4))}
    kind, count, data = kinds[type(value)]
    odd = struct.pack(">HHI", 0x011A, kind, count) + data
    exif = b"MM\0*\0\0\0\x08" + struct.pack(">H", 2) + directory[2:] + odd + bytes(8)
    photo = encoded(mottled(), "JPEG", quality=95)
    body = b"Exif\0\0" + exif
    segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    turned = decoded(photo[:2] + segment + photo[2:])
    np.testing.assert_array_equal(turned, np.rot90(decoded(photo), -1))


def test_an_avifs_rotation_counts_once_and_its_exif_does_not():
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "maker"
    turned = encoded(mottled(), "AVIF", exif=exif, quality=100)  # Pillow writes both.
    plain = encoded(mottled(), "AVIF", quality=100)
    np.testing.assert_array_equal(decoded(turned), np.rot90(decoded(plain), -1))
    # The same rotation with an EXIF that says another one.
    other = turned.replace(
        struct.pack("<HHIH", 0x0112, 3, 1, 6), struct.pack("<HHIH", 0x0112, 3, 1, 3)
    )
    np.testing.assert_array_equal(decoded(other), decoded(turned))


# Damage


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_that_breaks_off_anywhere_is_refused_or_used(kind):
    photo = encoded(mottled(), kind)
    for length in [*range(70), *range(70, len(photo), 41)]:
        try:
            decoded(photo[:length])
        except PhotoError as error:
            assert error.reason in (RejectReason.NOT_AN_IMAGE, RejectReason.IMAGE_TRUNCATED)


@pytest.mark.parametrize("kind", FORMATS)
def test_altered_bytes_give_a_reason_or_pixels(kind):
    rng = random.Random(1)
    photo = encoded(mottled(), kind)
    for _ in range(150):
        damaged = bytearray(photo)
        for _ in range(rng.randint(1, 8)):
            damaged[int(rng.random() ** 3 * len(photo))] = rng.randrange(256)
        try:
            decoded(bytes(damaged))
        except PhotoError as error:
            assert isinstance(error.reason, RejectReason)


@pytest.mark.parametrize("raised", [NotImplementedError, RuntimeError, MemoryError, RecursionError])
def test_whatever_a_decoder_raises_is_a_refusal(monkeypatch, raised):
    def fail(*_):
        raise raised("broken")

    photo = encoded(mottled(), "JPEG")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", fail)
    error = refusal(photo)
    assert error.reason is RejectReason.IMAGE_TRUNCATED
    assert raised.__name__ in str(error)
