"""The most memory that this process and its children held at once, by looking now and then."""

import contextlib
import threading
from collections.abc import Iterator

import psutil

_SECONDS_BETWEEN_LOOKS = 0.2


class PeakMemory:
    """The peak so far.

    Attributes:
      peak_bytes: resident memory of all processes, summed; pages that they share count in each.
    """

    def __init__(self) -> None:
        self.peak_bytes = 0
        self._process = psutil.Process()

    def look(self) -> None:
        """Takes the memory held now into account."""
        total = 0
        for process in (self._process, *self._process.children(recursive=True)):
            # A child may end at any moment.
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
        self.peak_bytes = max(self.peak_bytes, total)


@contextlib.contextmanager
def watched() -> Iterator[PeakMemory]:
    """Watches the memory from a thread of its own."""
    memory = PeakMemory()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_SECONDS_BETWEEN_LOOKS):
            memory.look()

    memory.look()
    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield memory
    finally:
        ended.set()
        thread.join()
        memory.look()
