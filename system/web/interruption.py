"""Ends what a request waits for from outside: a deadline has passed, or its client has left."""

import asyncio
from types import TracebackType


class Interruption:
    """A block of the current task that a call of this object ends, with an error of its own.

    anyio's scopes do the same, and take ten times as long to enter and leave.
    """

    def __init__(self, error: Exception) -> None:
        """Remembers the task; ``error`` is what the block raises when it has been ended."""
        task = asyncio.current_task()
        assert task is not None
        self._task, self._error, self._has_ended = task, error, False

    def __call__(self) -> None:
        """Ends the block, which must be waiting for something."""
        if not self._has_ended:
            self._has_ended = True
            self._task.cancel()

    def __enter__(self) -> "Interruption":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._has_ended and kind is asyncio.CancelledError:
            if hasattr(self._task, "uncancel"):  # Python 3.11 and newer count what cancels.
                self._task.uncancel()
            raise self._error from None
