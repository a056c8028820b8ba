"""Files of a few KB that stand for hundreds of megapixels or for very long work."""

import io
import struct
import zlib
from collections.abc import Callable

from PIL import Image

from testing.models.quadrants import mottled


def bombs() -> dict[str, Callable[[], bytes]]:
    """Returns what makes photos above the servable's limits, by name: some take seconds."""
    return {
        "PNG of 23,169 x 23,169": lambda: png(23_169, 23_169),
        "PNG of 12,000 x 12,000": lambda: png(12_000, 12_000),
        "PNG of 60,000,000 x 1": lambda: png(1, 60_000_000),
        "PNG of 8,001 x 8,000": lambda: png(8_001, 8_000),
        "PNG with 50 texts of 8 MB": lambda: png(100, 100, beside=text_chunk() * 50),
        "PNG with 1 GB behind its pixels": lambda: png(100, 100, surplus=2**30),
        "PNG of 1,000,000 chunks": lambda: png(100, 100, beside=chunk(b"tEXt", b"a\0") * 1_000_000),
        "GIF of 65,535 x 65,535": lambda: gif(65_535, 65_535),
        "GIF whose frame has 65,535 x 65,535": lambda: gif(10, 10, 65_535, 65_535),
        "GIF of a million extensions": lambda: gif_of_extensions(),
        "JPEG of 12,000 x 12,000": lambda: jpeg_of_size(12_000, 12_000),
        "progressive JPEG of 65,500 x 65,500": lambda: jpeg_of_size(
            65_500, 65_500, progressive=True
        ),
        "JPEG of a million segments": lambda: jpeg_of_segments(),
        "BMP of 60,000 x 60,000": lambda: bmp(60_000, 60_000),
        "BMP of -2,147,483,648 rows": lambda: bmp(-(2**31), 1),
        "file of 70 MB": lambda: b"\xff\xd8\xff" + bytes(70_000_000),
    }


def chunk(kind: bytes, content: bytes) -> bytes:
    """Returns a chunk of a PNG."""
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def text_chunk() -> bytes:
    """Returns a chunk of 8 KB whose text has 8 MB."""
    return chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(7_900_000), 9))


def png(height: int, width: int, beside: bytes = b"", surplus: int = 0) -> bytes:
    """Returns a sound black PNG of one bit a pixel, for any size.

    Args:
      height: pixels.
      width: pixels.
      beside: chunks before the pixels.
      surplus: bytes behind the pixels, unpacked.
    """
    compressor = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    data = [compressor.compress(row) for _ in range(height)]
    data += [compressor.compress(bytes(2**20)) for _ in range(surplus >> 20)]
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", b"".join([*data, compressor.flush()]))
    return b"\x89PNG\r\n\x1a\n" + header + beside + pixels + chunk(b"IEND", b"")


def gif(height: int, width: int, frame_height: int = 4, frame_width: int = 4) -> bytes:
    """Returns a GIF whose header and frame say these sizes; its pixels are few."""
    photo = bytearray(_encoded(4, 4, "GIF"))
    photo[6:10] = struct.pack("<HH", width, height)
    at = photo.rindex(b",\0\0\0\0\4\0\4\0")
    photo[at + 5 : at + 9] = struct.pack("<HH", frame_width, frame_height)
    return bytes(photo)


def gif_of_frames(height: int, width: int, frames: int) -> bytes:
    """Returns a sound GIF of frames that differ in a pixel."""
    pictures = [Image.new("P", (width, height)) for _ in range(frames)]
    for index, picture in enumerate(pictures):
        picture.putpixel((index, 0), 1)
    file = io.BytesIO()
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:])
    return file.getvalue()


def gif_of_extensions() -> bytes:
    """Returns a GIF with a million empty comments before its frame."""
    photo = _encoded(4, 4, "GIF")
    at = photo.rindex(b",\0\0\0\0\4\0\4\0")
    return photo[:at] + b"\x21\xfe\0" * 1_000_000 + photo[at:]


def jpeg_of_size(height: int, width: int, **options: bool) -> bytes:
    """Returns a small JPEG whose header says another size."""
    photo = bytearray(_encoded(16, 16, "JPEG", **options))
    frame = photo.index(b"\xff\xc2" if options.get("progressive") else b"\xff\xc0")
    photo[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(photo)


def jpeg_of_segments() -> bytes:
    """Returns a JPEG with a million empty comments before EXIF."""
    photo = _encoded(16, 16, "JPEG")
    return photo[:2] + b"\xff\xfe\0\2" * 1_000_000 + b"\xff\xe1\0\x0aExif\0\0II" + photo[2:]


def bmp(height: int, width: int) -> bytes:
    """Returns a BMP of 24 bits whose header says a size, with few pixels."""
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 54) + header + bytes(1000)


def _encoded(height: int, width: int, kind: str, **options: bool) -> bytes:
    file = io.BytesIO()
    mottled(height, width).save(file, kind, **options)
    return file.getvalue()
