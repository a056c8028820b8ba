"""Ctrl-C and SIGTERM, which both end a run in order as a KeyboardInterrupt."""

import contextlib
import signal
import time
from collections.abc import Iterator
from types import FrameType

from system.signals import signal_handlers

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SAME_REQUEST_SECONDS = 2.0
"""Under ``uv run`` one Ctrl-C arrives twice: from the terminal, and passed on by uv."""


class StopRequest:
    """Whether the user has asked the run to stop.

    A library may catch the KeyboardInterrupt and go on; ``received`` stays set.
    """

    def __init__(self) -> None:
        self.received = False
        self._last_signal = float("-inf")

    def handle_signal(self, number: int, frame: FrameType | None) -> None:
        """Raises KeyboardInterrupt, once for signals that come close together."""
        now = time.monotonic()
        is_repeated = now - self._last_signal < _SAME_REQUEST_SECONDS
        self._last_signal = now
        self.received = True
        if not is_repeated:
            raise KeyboardInterrupt


@contextlib.contextmanager
def signals_as_interrupts(stop: StopRequest) -> Iterator[None]:
    """Turns Ctrl-C and SIGTERM into KeyboardInterrupt, and notes them in ``stop``.

    In another thread than the main one, where Python can set no handlers, it does nothing.
    """
    with signal_handlers(dict.fromkeys(_SIGNALS, stop.handle_signal)):
        yield


@contextlib.contextmanager
def signals_ignored() -> Iterator[None]:
    """Ignores Ctrl-C and SIGTERM, so that the last lines of a run are written.

    In another thread than the main one, where Python can set no handlers, it does nothing.
    """
    # A signal mask would not do: it holds for one thread, and the libraries' threads have none.
    with signal_handlers(dict.fromkeys(_SIGNALS, signal.SIG_IGN)):
        yield
