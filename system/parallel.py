"""Work that mostly waits for a network: several items at a time, with the results in order."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Hashable, Iterable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

THREADS = 16
"""Requests at a time: at 50 ms each, and 7 to 10 ms of work for what it brings, half would do."""
_T = TypeVar("_T")
_R = TypeVar("_R")
_Key = TypeVar("_Key", bound=Hashable)
Reserve = Callable[[int], None]
"""Waits until so many bytes may be held."""


def in_parallel(do: Callable[[_T], _R], items: Iterable[_T]) -> list[_R]:
    """Returns what ``do`` returns for each item; the first error ends the rest."""
    work = list(items)
    if len(work) < 2:
        return [do(item) for item in work]
    with ThreadPoolExecutor(min(THREADS, len(work))) as pool:
        try:
            return list(pool.map(do, work))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def ahead(
    do: Callable[[_T], _R], items: Iterable[_T], count: int = THREADS
) -> Generator[_R, None, None]:
    """Yields what ``do`` returns for each item, in order; at most ``count`` are begun ahead."""
    with ThreadPoolExecutor(count) as pool:
        begun: deque[Future[_R]] = deque()
        try:
            for item in items:
                begun.append(pool.submit(do, item))
                if len(begun) > count:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()


class ReadAhead(Generic[_Key]):
    """Fetches bytes before they are asked for, in an order that is known; a context manager.

    What is fetched and not taken yet is at most ``max_bytes`` bytes, or one item if that is longer:
    items are granted their bytes in order, so that the next one never waits for a later one.
    """

    def __init__(
        self,
        fetch: Callable[[_Key, Reserve], bytes],
        keys: Sequence[_Key],
        max_bytes: int,
        threads: int = THREADS,
    ) -> None:
        """Begins to fetch.

        Args:
          fetch: returns a key's bytes; before it has them in memory it calls its second argument
            with their number, which may wait.
          keys: in the order in which they will be taken, each once; some may be left out.
          max_bytes: see above.
          threads: number of fetches at a time.
        """
        self._fetch = fetch
        self._keys = iter(enumerate(keys))
        self._max_bytes = max_bytes
        self._window = 2 * threads
        self._pool = ThreadPoolExecutor(threads)
        self._begun: deque[tuple[int, _Key, Future[bytes]]] = deque()
        self._coming = set(keys)
        self._changed = threading.Condition()
        self._held: dict[int, int] = {}
        self._granted: set[int] = set()
        self._next_grant = 0
        self._is_closed = False
        self._begin_more()

    def __enter__(self) -> "ReadAhead[_Key]":
        return self

    def take(self, key: _Key) -> bytes:
        """Returns a key's bytes, or raises what its fetch has raised.

        Keys before it are given up. One that is not in the order is fetched now.
        """
        if key not in self._coming:
            return self._fetch(key, lambda size: None)
        while True:
            number, found, future = self._begun.popleft()
            self._coming.discard(found)
            try:
                if found == key:
                    return future.result()
                future.cancel()
            finally:
                self._release(number)
                self._begin_more()

    def _begin_more(self) -> None:
        while len(self._begun) < self._window and (item := next(self._keys, None)) is not None:
            number, key = item
            self._begun.append((number, key, self._pool.submit(self._fetched, number, key)))

    def _fetched(self, number: int, key: _Key) -> bytes:
        try:
            return self._fetch(key, lambda size: self._reserve(number, size))
        finally:
            self._grant(number)  # Where there are no bytes to hold, as of a missing object.

    def _reserve(self, number: int, size: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._may_hold(number, size))
            if self._is_closed:
                raise CancelledError
            if number >= self._next_grant and number not in self._granted:
                self._held[number] = size
        self._grant(number)

    def _may_hold(self, number: int, size: int) -> bool:
        held = sum(self._held.values())
        is_next = number <= self._next_grant or number in self._granted
        return is_next and (not held or held + size <= self._max_bytes)

    def _grant(self, number: int) -> None:
        """Lets the next item have its bytes."""
        with self._changed:
            self._granted.add(number)
            while self._next_grant in self._granted:
                self._granted.discard(self._next_grant)
                self._next_grant += 1
            self._changed.notify_all()

    def _release(self, number: int) -> None:
        """Counts an item as taken or given up."""
        with self._changed:
            self._held.pop(number, None)
        self._grant(number)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._pool.shutdown(cancel_futures=True)
        self._begun.clear()
