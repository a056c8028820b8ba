"""Near duplicates by hash buckets, compared with hand-made hashes and with all pairs."""

import doctest
import time
import tracemalloc

import numpy as np
import pytest

from dataset import leaks
from dataset.leaks import MAX_DISTANCE, ViewHashes, near_pairs

BASE = 0x8123_4567_89AB_CDEF
GREY = 0x808080


def view_hashes(*pairs: tuple[int, int]) -> ViewHashes:
    hashes, colours = zip(*pairs, strict=True) if pairs else ((), ())
    return ViewHashes(np.array(hashes, np.uint64), np.array(colours, np.uint32))


def found(train: ViewHashes, evaluation: ViewHashes, distance=4, tolerance=4):
    """(eval index, train index, distance) of each pair."""
    pairs = near_pairs([train], evaluation, distance, tolerance)
    return list(zip(*(column.tolist() for column in pairs), strict=True))


def flipped(number: int, *bits: int) -> int:
    for bit in bits:
        number ^= 1 << bit
    return number


def test_a_hash_at_the_largest_distance_is_found_and_one_bit_more_is_not():
    evaluation = view_hashes(
        (flipped(BASE, 0, 20, 40, 63), GREY), (flipped(BASE, 0, 20, 40, 62, 63), GREY)
    )
    assert found(view_hashes((BASE, GREY)), evaluation, distance=4) == [(0, 0, 4)]


@pytest.mark.parametrize("distance", range(MAX_DISTANCE + 1))
def test_the_limit_holds_for_bits_in_any_position(distance):
    rng = np.random.default_rng(distance)
    bits = [rng.choice(64, distance + 1, replace=False).tolist() for _ in range(200)]
    bits += [list(range(start, start + distance + 1)) for start in range(64 - distance)]
    near = view_hashes(*((flipped(BASE, *each[1:]), GREY) for each in bits))
    far = view_hashes(*((flipped(BASE, *each), GREY) for each in bits))
    train = view_hashes((BASE, GREY))
    assert found(train, near, distance) == [(i, 0, distance) for i in range(len(bits))]
    assert found(train, far, distance) == []


def test_each_colour_channel_must_be_within_the_tolerance():
    # 0x80 is 128: 124 and 132 are 4 away, 123 and 133 are 5 away.
    near = (0x7C8080, 0x807C80, 0x80807C, 0x848484)
    far = (0x7B8080, 0x807B80, 0x80807B, 0x858080, 0x808580, 0x808085)
    evaluation = view_hashes(*((BASE, colour) for colour in (*near, *far)))
    assert found(view_hashes((BASE, GREY)), evaluation, tolerance=4) == [
        (i, 0, 0) for i in range(4)
    ]


@pytest.mark.parametrize("phash", [BASE, 1, 2, 3, 5, 8, 13, 21])
def test_a_tolerance_does_not_wrap_around_the_ends_of_the_colour_range(phash):
    train = view_hashes((phash, 0x00FF00), (phash, 0x000000))
    evaluation = view_hashes((phash, 0x00FD00), (phash, 0x000200))
    assert found(train, evaluation, distance=0) == [(0, 0, 0), (1, 1, 0)]


def test_the_nearest_train_view_is_returned_and_the_first_of_equally_near_ones():
    train = view_hashes(
        (flipped(BASE, 1, 2), GREY), (flipped(BASE, 3), GREY), (flipped(BASE, 9), GREY)
    )
    assert found(train, view_hashes((BASE, GREY), (BASE, GREY))) == [(0, 1, 1), (1, 1, 1)]


def test_train_indices_count_through_all_batches():
    batches = [view_hashes((7, GREY), (BASE ^ 3, GREY)), view_hashes(), view_hashes((BASE, GREY))]
    pairs = near_pairs(batches, view_hashes((BASE, GREY)), 4, 4)
    assert [column.tolist() for column in pairs] == [[0], [2], [0]]


@pytest.mark.parametrize(("train", "evaluation"), [((), ((1, 2),)), (((1, 2),), ()), ((), ())])
def test_an_empty_split_has_no_near_duplicates(train, evaluation):
    assert found(view_hashes(*train), view_hashes(*evaluation)) == []


@pytest.mark.parametrize(("distance", "tolerance"), [(-1, 4), (MAX_DISTANCE + 1, 4), (4, 256)])
def test_limits_out_of_range_are_refused(distance, tolerance):
    with pytest.raises(ValueError, match=f"Received: {distance} and {tolerance}"):
        near_pairs([], view_hashes(), distance, tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("distance", [0, 1, 3, 4, 8])
def test_the_buckets_find_the_same_as_comparing_all_pairs(distance):
    rng = np.random.default_rng(distance)

    def drawn(count: int) -> ViewHashes:
        # From few hashes with few changed bits, so that every distance up to 12 occurs often.
        phash = rng.choice(np.random.default_rng(0).integers(0, 1 << 64, 12, np.uint64), count)
        for _ in range(6):
            bit = np.uint64(1) << rng.integers(0, 64, count).astype(np.uint64)
            phash ^= np.where(rng.random(count) < 0.3, bit, np.uint64(0))
        colour = sum(rng.integers(90, 100, count).astype(np.uint32) << s for s in (0, 8, 16))
        return ViewHashes(phash, colour)

    train, evaluation = drawn(700), drawn(500)
    expected = []
    for index, (phash, colour) in enumerate(zip(*(c.tolist() for c in evaluation), strict=True)):
        candidates = [
            ((phash ^ other).bit_count(), row)
            for row, (other, other_colour) in enumerate(
                zip(*(c.tolist() for c in train), strict=True)
            )
            if all(abs((colour >> s & 255) - (other_colour >> s & 255)) <= 3 for s in (0, 8, 16))
        ]
        bits, row = min(candidates)
        if bits <= distance:
            expected.append((index, row, bits))
    assert found(train, evaluation, distance, tolerance=3) == expected
    assert len(expected) > 5


def with_one_hash(phash: int, colour: np.ndarray) -> ViewHashes:
    return ViewHashes(np.full(len(colour), phash, np.uint64), colour.astype(np.uint32))


def test_many_equal_frames_cost_no_more_than_one():
    # Compared one by one these would be 4e10 pairs, and 6e8 in each of 15 sorting orders.
    still = with_one_hash(BASE, np.full(200_000, GREY))
    shades = with_one_hash(BASE, 0x008000 + np.arange(3000) % 256 + (np.arange(3000) // 256 << 16))
    begin = time.perf_counter()
    assert len(near_pairs([still], still, 4, 4).eval_index) == 200_000
    assert len(near_pairs([still], shades, 4, 4).eval_index) == 0
    assert time.perf_counter() - begin < 5


def peak(batches: int, train: int, evaluation: int) -> int:
    """Returns the peak memory (bytes) of a search in which all views have one hash and green."""
    rng = np.random.default_rng(1)

    def drawn(count: int) -> ViewHashes:
        red, blue = rng.integers(0, 256, (2, count))
        return with_one_hash(BASE, (red << 16) + 0x8000 + blue)

    queries = drawn(evaluation)
    tracemalloc.start()
    near_pairs((drawn(train) for _ in range(batches)), queries, 0, 4)
    memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return memory


@pytest.mark.slow
def test_memory_does_not_grow_with_the_batches_of_train():
    assert peak(20, train=2000, evaluation=200) < 1.2 * peak(2, train=2000, evaluation=200)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_pairs():
    # 1.6e7 pairs against 1e6.
    assert peak(1, train=4000, evaluation=4000) < 1.2 * peak(1, train=1000, evaluation=1000)


def test_more_pairs_of_one_view_than_the_limit_are_compared_at_once(monkeypatch):
    monkeypatch.setattr("dataset.leaks._CANDIDATES", 3)
    monkeypatch.setattr("dataset.leaks._QUERIES", 2)
    train = view_hashes(*((flipped(BASE, bit), GREY) for bit in range(8)))
    evaluation = view_hashes(*((BASE, GREY + blue) for blue in range(5)))
    assert found(train, evaluation, distance=1) == [(i, 0, 1) for i in range(5)]


def test_the_example_in_the_docstring_holds():
    assert doctest.testmod(leaks) == (0, 3)
