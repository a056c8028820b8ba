"""Near-duplicate views in two splits, found by hash buckets instead of comparing all pairs.

Two views are near duplicates if their 64-bit perceptual hashes differ in at most d bits and
their mean colours by at most a tolerance. Cut 64 bits into d + 2 blocks: two hashes that differ
in d bits agree in at least two of the blocks. So for each pair of blocks the train hashes are
sorted by the bits of these blocks, and an eval hash is compared only with the run of train hashes
that have the same bits (Manku, Jain and Das Sarma, "Detecting near-duplicates for web crawling",
WWW 2007, section 3). One colour channel is part of the sorting key; this shortens the runs to
views of a similar colour.
"""

import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

MAX_DISTANCE = 8
"""Above it the blocks are so short that nearly all pairs would be compared."""

UInt64s = npt.NDArray[np.uint64]
UInt32s = npt.NDArray[np.uint32]
Int64s = npt.NDArray[np.int64]

_CANDIDATES = 1 << 18
"""Pairs that are compared at a time: some 20 MB."""
_QUERIES = 1 << 18
"""Eval views that are looked up at a time: some 10 MB."""
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
"""Odd number that spreads any block's bits over the key's upper bits (Knuth's, 2**64 / phi)."""
_CHANNEL = np.uint64(0xFF)
_INDEX_BITS = np.uint64(48)
_NO_MATCH = np.uint64(np.iinfo(np.uint64).max)
_BIT_COUNTS = np.array([number.bit_count() for number in range(1 << 16)], np.uint8)


class ViewHashes(NamedTuple):
    """Hashes and colours of a split's views.

    Attributes:
      phash: uint64[n], 64-bit perceptual hashes.
      colour: uint32[n], mean colours, 0xRRGGBB.
    """

    phash: UInt64s
    colour: UInt32s


class NearPairs(NamedTuple):
    """Each eval view that has a near duplicate in train, and the nearest one.

    Attributes:
      eval_index: int64[k], ascending, each once.
      train_index: int64[k]; the first of equally near views.
      distance: int64[k], number of bits in which the hashes differ.
    """

    eval_index: Int64s
    train_index: Int64s
    distance: Int64s


def near_pairs(
    train: Iterable[ViewHashes], evaluation: ViewHashes, distance: int, tolerance: int
) -> NearPairs:
    """Finds the eval views that have a near duplicate in train.

    Views with the same hash and colour are compared once, so a clip without motion costs no
    more than one frame. Memory holds the eval views (some 40 bytes each) and one batch of train
    views. It does not grow with the number of batches or pairs.

    Args:
      train: views of the train split, in batches.
      evaluation: views of the eval split.
      distance: largest number of bits in which the hashes may differ, 0..MAX_DISTANCE.
      tolerance: largest difference in each channel of the mean colours, 0..255.

    Raises:
      ValueError: ``distance`` or ``tolerance`` is out of range.

    Example:
      The first eval view differs from the second train view in one bit and has its colour. The
      second eval view has the same hash, but is red:

      >>> train = ViewHashes(
      ...     np.array([0b0000, 0b1111], np.uint64), np.array([0x808080, 0x808080], np.uint32)
      ... )
      >>> evaluation = ViewHashes(
      ...     np.array([0b0111, 0b0111], np.uint64), np.array([0x808080, 0xFF0000], np.uint32)
      ... )
      >>> near_pairs([train], evaluation, distance=2, tolerance=4)
      NearPairs(eval_index=array([0]), train_index=array([1]), distance=array([1]))
    """
    if not 0 <= distance <= MAX_DISTANCE or not 0 <= tolerance <= 255:
        raise ValueError(
            f"distance must lie in 0..{MAX_DISTANCE} and tolerance in 0..255. "
            f"Received: {distance} and {tolerance}"
        )
    queries, _, query_of = _unique(evaluation)
    # Distance in the upper bits and train index in the lower bits: the least is the nearest.
    best = np.full(len(queries.phash), _NO_MATCH)
    first_index_of_batch = 0
    for batch in train:
        views, first, _ = _unique(batch)
        for view_index, query_index, bits in _near(views, queries, distance, tolerance):
            train_index = first[view_index].astype(np.uint64) + np.uint64(first_index_of_batch)
            candidates = (bits.astype(np.uint64) << _INDEX_BITS) | train_index
            np.minimum.at(best, query_index, candidates)
        first_index_of_batch += len(batch.phash)

    best = best[query_of]
    eval_index = np.flatnonzero(best != _NO_MATCH)
    best = best[eval_index]
    bits = best >> _INDEX_BITS
    train_index = best ^ (bits << _INDEX_BITS)
    return NearPairs(eval_index, train_index.astype(np.int64), bits.astype(np.int64))


def _near(
    views: ViewHashes, queries: ViewHashes, distance: int, tolerance: int
) -> Iterator[tuple[Int64s, Int64s, npt.NDArray[np.uint8]]]:
    """Yields (view indices, query indices, differing bits) of near pairs, some of them repeatedly.

    Args:
      views: unique views of a train batch.
      queries: unique eval views.
      distance: as for ``near_pairs``.
      tolerance: as for ``near_pairs``.
    """
    for mask in _masks(distance):
        for view_index, query_index in _candidates(views, queries, mask, tolerance):
            bits = _differing_bits(views.phash[view_index], queries.phash[query_index])
            near = bits <= distance
            view_index, query_index, bits = view_index[near], query_index[near], bits[near]
            similar = _similar_colours(
                views.colour[view_index], queries.colour[query_index], tolerance
            )
            yield view_index[similar], query_index[similar], bits[similar]


def _unique(views: ViewHashes) -> tuple[ViewHashes, UInt32s, UInt32s]:
    """Returns the unique views, the first index of each, and for each view its unique view's index.

    It is ``np.unique`` of pairs with ``return_index`` and ``return_inverse``.
    """
    order = np.lexsort((views.colour, views.phash)).astype(np.uint32)
    phash, colour = views.phash[order], views.colour[order]
    is_new = np.ones(len(order), bool)
    is_new[1:] = (phash[1:] != phash[:-1]) | (colour[1:] != colour[:-1])
    inverse = np.empty(len(order), np.uint32)
    inverse[order] = np.cumsum(is_new, dtype=np.uint32) - np.uint32(1)
    return ViewHashes(phash[is_new], colour[is_new]), order[is_new], inverse


def _masks(distance: int) -> Iterator[np.uint64]:
    """Yields the bits of every pair of ``distance`` + 2 blocks."""
    ends = [64 * i // (distance + 2) for i in range(distance + 3)]
    blocks = [(1 << end) - (1 << start) for start, end in itertools.pairwise(ends)]
    for first, second in itertools.combinations(blocks, 2):
        yield np.uint64(first | second)


def _candidates(
    views: ViewHashes, queries: ViewHashes, mask: np.uint64, tolerance: int
) -> Iterator[tuple[Int64s, Int64s]]:
    """Yields indices of pairs with the same masked bits and a similar green channel."""
    keys = _keys(views.phash, mask) | _green(views.colour)
    by_key = np.argsort(keys)
    keys = keys[by_key]
    max_difference = np.uint64(tolerance)
    for begin in range(0, len(queries.phash), _QUERIES):
        part = slice(begin, begin + _QUERIES)
        query_keys = _keys(queries.phash[part], mask)
        # Queries in the order of the keys make the searches read memory in order.
        by_query_key = np.argsort(query_keys)
        query_keys = query_keys[by_query_key]
        green = _green(queries.colour[part][by_query_key])
        lowest = green - np.minimum(green, max_difference)
        highest = np.minimum(green + max_difference, _CHANNEL)
        starts = np.searchsorted(keys, query_keys | lowest, "left")
        stops = np.searchsorted(keys, query_keys | highest, "right")
        for key_index, query_index in _expand_ranges(starts, stops):
            yield by_key[key_index], by_query_key[query_index] + begin


def _expand_ranges(starts: Int64s, stops: Int64s) -> Iterator[tuple[Int64s, Int64s]]:
    """Yields (j, i) for all j in starts[i]..stops[i] - 1, some ``_CANDIDATES`` at a time."""
    ranges = np.flatnonzero(stops > starts)
    starts, lengths = starts[ranges], (stops - starts)[ranges]
    ends = np.cumsum(lengths)
    begin = 0
    while begin < len(ranges):
        # At least one range, so a range longer than the limit is yielded whole.
        limit = ends[begin] - lengths[begin] + _CANDIDATES
        end = max(begin + 1, int(np.searchsorted(ends, limit, "right")))
        part = lengths[begin:end]
        shift = starts[begin:end] - (np.cumsum(part) - part)
        yield np.arange(part.sum()) + np.repeat(shift, part), np.repeat(ranges[begin:end], part)
        begin = end


def _keys(phash: UInt64s, mask: np.uint64) -> UInt64s:
    """Returns keys of 56 bits above 8 zero bits; equal masked bits give equal keys.

    Different masked bits rarely give equal keys; then one needless candidate is compared.
    """
    return ((phash & mask) * _MULTIPLIER) & ~_CHANNEL


def _green(colour: UInt32s) -> UInt64s:
    return (colour.astype(np.uint64) >> np.uint64(8)) & _CHANNEL


def _differing_bits(first: UInt64s, second: UInt64s) -> npt.NDArray[np.uint8]:
    quarters = (first ^ second).view(np.uint16).reshape(-1, 4)
    bits: npt.NDArray[np.uint8] = _BIT_COUNTS[quarters].sum(axis=1, dtype=np.uint8)
    return bits


def _similar_colours(first: UInt32s, second: UInt32s, tolerance: int) -> npt.NDArray[np.bool_]:
    similar = np.ones(len(first), bool)
    for shift in (0, 8, 16):
        channels = [(colour >> np.uint32(shift)).astype(np.uint8) for colour in (first, second)]
        similar &= np.abs(np.subtract(*channels, dtype=np.int16)) <= tolerance
    return similar
