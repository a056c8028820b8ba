"""Nearly identical pictures in two splits, found by hash buckets and not by comparing all pairs.

Two pictures are nearly identical where their 64-bit perceptual hashes differ in at most d bits
and their mean colours by at most a tolerance. Hashes that differ in d bits agree in at least
two of d + 2 blocks of bits, whichever these are. So for each pair of blocks the train hashes
are sorted by those bits, and an eval hash is compared with the run of equal ones only (Manku,
Jain and Das Sarma, "Detecting near-duplicates for web crawling", WWW 2007, section 3). One
colour channel is part of the sorting key: that cuts the runs to those of a like colour.
"""

import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

MAX_DISTANCE = 8
"""Beyond it the blocks become so short that nearly all pairs would be compared."""

UInt64s = npt.NDArray[np.uint64]
UInt32s = npt.NDArray[np.uint32]
Int64s = npt.NDArray[np.int64]

_CANDIDATES = 1 << 18
"""Pairs that are compared at a time: some 20 MB."""
_LOOKED_UP = 1 << 18
"""Eval pictures that are looked up at a time: some 10 MB."""
_ODD = np.uint64(0x9E3779B97F4A7C15)
"""A multiplier that spreads any block's bits over the key's upper ones (Knuth's, 2**64 / phi)."""
_CHANNEL = np.uint64(0xFF)
_INDEX_BITS = np.uint64(48)
_FOUND_NONE = np.uint64(np.iinfo(np.uint64).max)
_BITS_OF = np.array([number.bit_count() for number in range(1 << 16)], np.uint8)


class Pictures(NamedTuple):
    """What is compared of a split's pictures.

    Attributes:
      phash: uint64[n], 64-bit perceptual hashes.
      colour: uint32[n], mean colours, 0xRRGGBB.
    """

    phash: UInt64s
    colour: UInt32s


class NearPairs(NamedTuple):
    """Each eval picture that has a nearly identical train picture, with the nearest one.

    Attributes:
      eval_index: int64[k], ascending, each once.
      train_index: int64[k]; of equally near ones the first.
      distance: int64[k], bits in which the hashes differ.
    """

    eval_index: Int64s
    train_index: Int64s
    distance: Int64s


def near_pairs(
    train: Iterable[Pictures], evaluation: Pictures, distance: int, tolerance: int
) -> NearPairs:
    """Finds the eval pictures that nearly equal a train picture.

    Pictures with the same hash and colour are compared once, so that a clip in which nothing
    moves costs no more than one frame. Memory is that of the eval pictures (some 40 bytes each)
    and of one batch of train pictures, whatever the number of batches and of pairs.

    Args:
      train: pictures to be found, in batches.
      evaluation: pictures to be looked up.
      distance: most bits in which the hashes may differ, 0..MAX_DISTANCE.
      tolerance: most by which each channel of the mean colours may differ, 0..255.

    Raises:
      ValueError: ``distance`` or ``tolerance`` is out of range.
    """
    if not 0 <= distance <= MAX_DISTANCE or not 0 <= tolerance <= 255:
        raise ValueError(
            f"distance must lie in 0..{MAX_DISTANCE} and tolerance in 0..255. "
            f"Received: {distance} and {tolerance}"
        )
    asked, _, number = _distinct(evaluation)
    # Distance in the upper bits and train index in the lower: the least is the nearest.
    best = np.full(len(asked.phash), _FOUND_NONE)
    before = 0
    for batch in train:
        known, first, _ = _distinct(batch)
        for here, there, bits in _near(known, asked, distance, tolerance):
            index = first[here].astype(np.uint64) + np.uint64(before)
            np.minimum.at(best, there, (bits.astype(np.uint64) << _INDEX_BITS) | index)
        before += len(batch.phash)
    found = best[number]
    eval_index = np.flatnonzero(found != _FOUND_NONE)
    found = found[eval_index]
    bits = found >> _INDEX_BITS
    return NearPairs(
        eval_index, (found ^ (bits << _INDEX_BITS)).astype(np.int64), bits.astype(np.int64)
    )


def _near(
    known: Pictures, asked: Pictures, distance: int, tolerance: int
) -> Iterator[tuple[Int64s, Int64s, npt.NDArray[np.uint8]]]:
    """Yields indices of near pairs and the bits they differ in; a pair may come repeatedly."""
    for mask in _masks(distance):
        for here, there in _candidates(known, asked, mask, tolerance):
            bits = _differing_bits(known.phash[here], asked.phash[there])
            near = bits <= distance
            here, there, bits = here[near], there[near], bits[near]
            alike = _alike(known.colour[here], asked.colour[there], tolerance)
            yield here[alike], there[alike], bits[alike]


def _distinct(pictures: Pictures) -> tuple[Pictures, UInt32s, UInt32s]:
    """Returns the pictures without repetitions, each one's first index, and where each is now."""
    order = np.lexsort((pictures.colour, pictures.phash)).astype(np.uint32)
    phash, colour = pictures.phash[order], pictures.colour[order]
    new = np.ones(len(order), bool)
    new[1:] = (phash[1:] != phash[:-1]) | (colour[1:] != colour[:-1])
    number = np.empty(len(order), np.uint32)
    number[order] = np.cumsum(new, dtype=np.uint32) - np.uint32(1)
    return Pictures(phash[new], colour[new]), order[new], number


def _masks(distance: int) -> Iterator[np.uint64]:
    """Returns the bits of every pair of ``distance`` + 2 blocks."""
    ends = [64 * i // (distance + 2) for i in range(distance + 3)]
    blocks = [(1 << end) - (1 << start) for start, end in itertools.pairwise(ends)]
    for one, other in itertools.combinations(blocks, 2):
        yield np.uint64(one | other)


def _candidates(
    known: Pictures, asked: Pictures, mask: np.uint64, tolerance: int
) -> Iterator[tuple[Int64s, Int64s]]:
    """Yields indices of pairs that agree in the masked bits and nearly in the green channel."""
    keys = _keys(known.phash, mask) | _green(known.colour)
    by_key = np.argsort(keys)
    keys = keys[by_key]
    reach = np.uint64(tolerance)
    for begin in range(0, len(asked.phash), _LOOKED_UP):
        part = slice(begin, begin + _LOOKED_UP)
        start = _keys(asked.phash[part], mask)
        # In the keys' order the searches walk through memory and do not jump.
        in_order = np.argsort(start)
        start, green = start[in_order], _green(asked.colour[part][in_order])
        low = np.searchsorted(keys, start | (green - np.minimum(green, reach)), "left")
        high = np.searchsorted(keys, start | np.minimum(green + reach, _CHANNEL), "right")
        for run, who in _unrolled(low, high):
            yield by_key[run], in_order[who] + begin


def _unrolled(low: Int64s, high: Int64s) -> Iterator[tuple[Int64s, Int64s]]:
    """Yields (j, i) for all j in low[i]..high[i] - 1, some ``_CANDIDATES`` at a time."""
    runs = np.flatnonzero(high > low)
    low, counts = low[runs], (high - low)[runs]
    ends = np.cumsum(counts)
    begin = 0
    while begin < len(runs):
        # At least one: a run longer than the limit is compared in one go.
        past = ends[begin] - counts[begin] + _CANDIDATES
        end = max(begin + 1, int(np.searchsorted(ends, past, "right")))
        part = counts[begin:end]
        shift = low[begin:end] - (np.cumsum(part) - part)
        yield np.arange(part.sum()) + np.repeat(shift, part), np.repeat(runs[begin:end], part)
        begin = end


def _keys(phash: UInt64s, mask: np.uint64) -> UInt64s:
    """Returns 56 bits that are equal where the masked ones are, above 8 bits of zero.

    In the rare other case a candidate too many is compared.
    """
    return ((phash & mask) * _ODD) & ~_CHANNEL


def _green(colour: UInt32s) -> UInt64s:
    return (colour.astype(np.uint64) >> np.uint64(8)) & _CHANNEL


def _differing_bits(one: UInt64s, other: UInt64s) -> npt.NDArray[np.uint8]:
    quarters = (one ^ other).view(np.uint16).reshape(-1, 4)
    bits: npt.NDArray[np.uint8] = _BITS_OF[quarters].sum(axis=1, dtype=np.uint8)
    return bits


def _alike(one: UInt32s, other: UInt32s, tolerance: int) -> npt.NDArray[np.bool_]:
    alike = np.ones(len(one), bool)
    for shift in (0, 8, 16):
        channels = [(colour >> np.uint32(shift)).astype(np.uint8) for colour in (one, other)]
        alike &= np.abs(np.subtract(*channels, dtype=np.int16)) <= tolerance
    return alike
