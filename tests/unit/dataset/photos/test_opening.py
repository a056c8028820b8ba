"""The one way from a file's bytes to a decoder: formats, limits, metadata, and any error."""

import io
import random
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from dataset.photos import opening
from dataset.photos.opening import FORMATS, opened
from dataset.photos.parsed import PhotoError
from schemas.limits import MAX_IMAGE_PIXELS
from schemas.reasons import RejectReason
from testing.dataset.photo_bytes import COLUMNS, ROWS, chunk, decoded, encoded, mottled, refusal


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


@pytest.mark.parametrize(
    ("offset", "value"), [(14, 1_934_958_592), (18, -60), (18, 0), (22, 0)], ids=str
)
def test_a_bmp_with_an_impossible_header_is_no_image(offset, value):
    photo = bytearray(encoded(mottled(), "BMP"))
    photo[offset : offset + 4] = struct.pack("<i", value)
    assert refusal(bytes(photo)).reason is RejectReason.NOT_AN_IMAGE


def test_a_text_that_begins_like_a_bmp_is_no_image():
    assert refusal(b"BMW is a car maker. " * 3).reason is RejectReason.NOT_AN_IMAGE
