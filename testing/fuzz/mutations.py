"""Seeded mutations of files: the faults of disks, transfers and people who mean harm.

The choice of operations follows AFL (https://lcamtuf.coredump.cx/afl/technical_details.txt,
section 5): single bits and bytes, numbers at the edges of their types, and blocks that are left
out, repeated or taken from another file.
"""

import random
import struct
import zlib
from collections.abc import Callable, Sequence

_EDGES = (
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x100,
    0x7FFF,
    0x8000,
    0xFFFF,
    2**24,
    2**31 - 1,
    2**31,
    2**32 - 1,
)
_HEADER = 64
"""Bytes at the beginning, where sizes and offsets are, to which half of all changes go."""
_MAX_CHANGES = 4
_MAX_REPEATS = 200
_PNG = b"\x89PNG\r\n\x1a\n"
_CHUNK = 12

Mutation = Callable[[random.Random, bytearray], None]


def mutated(sound: Sequence[bytes], seed: str) -> bytes:
    """Returns one of the files with one to four changes; the same for the same seed.

    Half of the PNGs get right checksums again, for a decoder looks no further after a wrong one.

    Args:
      sound: files, all with at least one byte.
      seed: any text.
    """
    rng = random.Random(seed)
    content = bytearray(rng.choice(sound))
    for _ in range(rng.randint(1, _MAX_CHANGES)):
        if rng.random() < 0.1:
            _splice(rng, content, rng.choice(sound))
        else:
            rng.choice(_MUTATIONS)(rng, content)
        content = content or bytearray(1)
    if content.startswith(_PNG) and rng.random() < 0.5:
        return with_right_checksums(bytes(content))
    return bytes(content)


def with_right_checksums(png: bytes) -> bytes:
    """Returns a PNG whose chunks, as far as they can be told, have the checksums they need."""
    parts, at = [png[: len(_PNG)]], len(_PNG)
    while at + _CHUNK <= len(png):
        end = at + _CHUNK + int.from_bytes(png[at : at + 4], "big")
        if end > len(png):
            break
        covered = png[at + 4 : end - 4]
        parts += [png[at : at + 4], covered, struct.pack(">I", zlib.crc32(covered))]
        at = end
    return b"".join([*parts, png[at:]])


def _position(rng: random.Random, content: bytearray) -> int:
    end = min(_HEADER, len(content)) if rng.random() < 0.5 else len(content)
    return rng.randrange(end)


def _stretch(rng: random.Random, content: bytearray) -> slice:
    begin = _position(rng, content)
    return slice(begin, begin + min(rng.randint(1, 64), len(content) - begin))


def _flip_a_bit(rng: random.Random, content: bytearray) -> None:
    content[_position(rng, content)] ^= 1 << rng.randrange(8)


def _set_a_byte(rng: random.Random, content: bytearray) -> None:
    content[_position(rng, content)] = rng.choice((0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF, 0xDA, 0xE1))


def _set_a_number(rng: random.Random, content: bytearray) -> None:
    kind = rng.choice(("<H", ">H", "<I", ">I"))
    begin = _position(rng, content)
    size = struct.calcsize(kind)
    number = struct.pack(kind, rng.choice(_EDGES) % 256**size)
    content[begin : begin + size] = number[: len(content) - begin]


def _add_to_a_number(rng: random.Random, content: bytearray) -> None:
    begin = _position(rng, content)
    content[begin] = (content[begin] + rng.randint(-16, 16)) % 256


def _cut_off(rng: random.Random, content: bytearray) -> None:
    del content[rng.randrange(len(content)) :]


def _leave_out(rng: random.Random, content: bytearray) -> None:
    del content[_stretch(rng, content)]


def _repeat(rng: random.Random, content: bytearray) -> None:
    stretch = _stretch(rng, content)
    repeats = rng.choice((1, 2, _MAX_REPEATS))
    content[stretch.start : stretch.start] = content[stretch] * repeats


def _insert(rng: random.Random, content: bytearray) -> None:
    begin = _position(rng, content)
    content[begin:begin] = rng.randbytes(rng.randint(1, 64))


def _blank(rng: random.Random, content: bytearray) -> None:
    stretch = _stretch(rng, content)
    content[stretch] = bytes([rng.choice((0x00, 0xFF))]) * (stretch.stop - stretch.start)


def _swap(rng: random.Random, content: bytearray) -> None:
    one, other = _stretch(rng, content), _position(rng, content)
    block = content[one]
    del content[one]
    content[other:other] = block


def _splice(rng: random.Random, content: bytearray, other: bytes) -> None:
    """Replaces the end by the end of another file."""
    content[rng.randrange(len(content)) :] = other[rng.randrange(len(other)) :]


_MUTATIONS: tuple[Mutation, ...] = (
    _flip_a_bit,
    _set_a_byte,
    _set_a_number,
    _add_to_a_number,
    _cut_off,
    _leave_out,
    _repeat,
    _insert,
    _blank,
    _swap,
)
