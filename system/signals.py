"""Handlers of signals for a block of code, and SIGTERM as another Ctrl-C."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any] | int | signal.Handlers | None
"""What Python's ``signal`` takes and returns."""


@contextlib.contextmanager
def signal_handlers(handlers: Mapping[signal.Signals, Handler]) -> Iterator[None]:
    """Sets handlers of signals within the block.

    In another thread than the main one, where Python can set no handlers, it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def sigterm_as_interrupt() -> Iterator[None]:
    """Turns SIGTERM into KeyboardInterrupt within the block or the decorated function.

    What ends a program politely on servers thus ends it as a person does. In another thread than
    the main one it does nothing.
    """
    with signal_handlers({signal.SIGTERM: signal.default_int_handler}):
        yield
