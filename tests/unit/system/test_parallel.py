"""Work that waits: order, errors, and how many bytes are held before they are asked for."""

import threading
import time

import pytest

from system.parallel import ReadAhead, Reserve, ahead, in_parallel


def test_results_come_in_order() -> None:
    def slow_first(number: int) -> int:
        time.sleep(0.02 if number % 5 == 0 else 0)
        return number

    assert in_parallel(slow_first, range(50)) == list(range(50))
    assert list(ahead(slow_first, range(50), 4)) == list(range(50))


def test_an_error_is_the_callers() -> None:
    def fail(number: int) -> int:
        if number == 3:
            raise OSError("three")
        return number

    with pytest.raises(OSError, match="three"):
        in_parallel(fail, range(50))
    with pytest.raises(OSError, match="three"):
        list(ahead(fail, range(50), 4))


class Source:
    """Fetches of ten bytes each, and the most that were held at once."""

    def __init__(self, size: int = 10) -> None:
        self.size = size
        self.held = self.most = self.fetches = 0
        self.lock = threading.Lock()

    def fetch(self, key: int, reserve: Reserve) -> bytes:
        if key < 0:
            raise FileNotFoundError(key)
        reserve(self.size)
        with self.lock:
            self.fetches += 1
            self.held += self.size
            self.most = max(self.most, self.held)
        time.sleep(0.001)
        return str(key).encode()

    def took(self) -> None:
        with self.lock:
            self.held -= self.size


def test_all_are_taken_and_no_more_than_allowed_is_held() -> None:
    source = Source()
    with ReadAhead(source.fetch, range(200), max_bytes=50, threads=8) as photos:
        for key in range(200):
            assert photos.take(key) == str(key).encode()
            source.took()
    # What is being taken is held a moment longer here than there.
    assert 20 <= source.most <= 60


def test_one_that_is_longer_than_allowed_is_fetched_alone() -> None:
    source = Source(size=1000)
    with ReadAhead(source.fetch, range(20), max_bytes=50, threads=4) as photos:
        assert [photos.take(key) for key in range(20)] == [str(n).encode() for n in range(20)]


def test_what_is_left_out_and_what_fails_gives_its_bytes_back() -> None:
    source = Source()
    keys = [key if key % 3 else -key - 1 for key in range(300)]
    with ReadAhead(source.fetch, keys, max_bytes=50, threads=8) as photos:
        for key in keys[::7]:
            if key < 0:
                with pytest.raises(FileNotFoundError):
                    photos.take(key)
            else:
                assert photos.take(key) == str(key).encode()


def test_one_that_was_not_announced_is_fetched_when_it_is_asked_for() -> None:
    source = Source()
    with ReadAhead(source.fetch, [1, 2], max_bytes=50) as photos:
        assert [photos.take(key) for key in (7, 1, 8, 2, 9)] == [b"7", b"1", b"8", b"2", b"9"]


def test_an_error_of_the_caller_ends_the_fetches() -> None:
    source = Source()
    with (
        pytest.raises(ValueError, match="mine"),
        ReadAhead(source.fetch, range(10_000), max_bytes=20, threads=4) as photos,
    ):
        photos.take(0)
        raise ValueError("mine")
    assert source.fetches < 50
