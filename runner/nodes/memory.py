"""Peak memory of this process and its children together, measured by sampling."""

import contextlib
import threading
from collections.abc import Iterator

import psutil

_SAMPLING_SECONDS = 0.2


class PeakMemory:
    """The peak so far.

    Attributes:
      peak_bytes: resident memory of all processes, summed; a page that several processes share
        counts in each of them.
    """

    def __init__(self) -> None:
        self.peak_bytes = 0
        self._process = psutil.Process()

    def sample(self) -> None:
        """Measures the memory held now and raises the peak to it."""
        total = 0
        for process in (self._process, *self._process.children(recursive=True)):
            # A child may end at any moment.
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
        self.peak_bytes = max(self.peak_bytes, total)


@contextlib.contextmanager
def sampled() -> Iterator[PeakMemory]:
    """Samples the memory in another thread while the block runs."""
    memory = PeakMemory()
    finished = threading.Event()

    def keep_sampling() -> None:
        while not finished.wait(_SAMPLING_SECONDS):
            memory.sample()

    memory.sample()
    thread = threading.Thread(target=keep_sampling, daemon=True)
    thread.start()
    try:
        yield memory
    finally:
        finished.set()
        thread.join()
        memory.sample()
