"""Ctrl-C and SIGTERM: both end a run in order, as KeyboardInterrupt."""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SAME_REQUEST_SECONDS = 2.0
"""Under ``uv run`` one Ctrl-C arrives twice: from the terminal and passed on by uv."""


class StopRequest:
    """Whether the user wants the run to end."""

    def __init__(self) -> None:
        self.received = False
        self._last = float("-inf")

    def signal(self, number: int, frame: FrameType | None) -> None:
        """Raises KeyboardInterrupt, once for signals that come close together."""
        now = time.monotonic()
        again = now - self._last < _SAME_REQUEST_SECONDS
        self._last = now
        self.received = True
        if not again:
            raise KeyboardInterrupt


@contextlib.contextmanager
def stop_signals(stop: StopRequest) -> Iterator[None]:
    """Turns Ctrl-C and SIGTERM into KeyboardInterrupt; ``stop`` tells what a library hid."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, stop.signal) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def signals_ignored() -> Iterator[None]:
    """Puts Ctrl-C and SIGTERM off while the last lines are written."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # Not by a signal mask: that is a thread's own, and the libraries' threads have none.
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
