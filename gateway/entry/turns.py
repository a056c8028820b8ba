"""Which request is with the model: some at a time, a short queue, none whose client has left."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from starlette.types import Message

from gateway.settings import LimitSettings
from system.web.interruption import Interruption
from system.web.refusals import BUSY, RefusedError

T = TypeVar("T")


class HungUpError(Exception):
    """The client has left; nobody waits for the answer."""


class Turns:
    """Lets requests through to the model, ``limit.at_work`` of them at a time."""

    def __init__(self, limits: LimitSettings) -> None:
        self._limits = limits
        self._places = asyncio.Semaphore(limits.at_work)
        self._waiting = 0

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Waits for a place, and holds it for the block.

        Raises:
          RefusedError: 503, too many wait, or it has waited too long.
        """
        if self._places.locked():
            if self._waiting >= self._limits.waiting:
                raise self._busy()
            self._waiting += 1
            try:
                await asyncio.wait_for(self._places.acquire(), self._limits.waiting_seconds)
            except (TimeoutError, asyncio.TimeoutError):
                raise self._busy() from None
            finally:
                self._waiting -= 1
        else:
            await self._places.acquire()
        try:
            yield
        finally:
            self._places.release()

    def _busy(self) -> RefusedError:
        retry = self._limits.retry_seconds
        return RefusedError(503, BUSY, "too many requests", retry_seconds=retry)


async def unless_hung_up(receive: Callable[[], Awaitable[Message]], work: Awaitable[T]) -> T:
    """Returns the result of ``work``, which is cancelled when the client leaves.

    Args:
      receive: of a request whose body has been read.
      work: waits for a place and for the model.

    Raises:
      HungUpError: the client has left.
    """
    with Interruption(HungUpError()) as end:
        watching = asyncio.ensure_future(_watch(receive, end))
        try:
            return await work
        finally:
            watching.cancel()


async def _watch(receive: Callable[[], Awaitable[Message]], end: Callable[[], None]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    end()
