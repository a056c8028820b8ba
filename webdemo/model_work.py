"""Work of the model: few requests at a time, a short queue, and none for those who have left."""

import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from functools import cached_property

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from client.backends import model as backends
from dataset.boxes import PixelBox
from system.web.refusals import BUSY, RefusedError
from webdemo.limits import Limits


class HungUpError(Exception):
    """The client has left; nobody waits for the answer."""


class ModelWork:
    """Lets requests use a model, ``Limits.at_work`` of them at a time."""

    def __init__(self, model: backends.Model, limits: Limits) -> None:
        self._model = model
        self._limits = limits

    async def run(self, request: Request, task: Callable[[backends.Model], Response]) -> Response:
        """Returns a task's response; the task runs in a thread, when its turn has come.

        Args:
          request: its body has been read. When its client leaves, the task leaves the queue, or
            ends before its next batch.
          task: is given the model, whose ``predict`` then raises ``HungUpError``.

        Raises:
          RefusedError: 503, too many wait, or it has waited too long.
          HungUpError: the client has left.
        """
        hung_up = threading.Event()
        model = _WatchedModel(self._model, hung_up)
        outcome: Response | RefusedError | None = None

        async def watch(scope: anyio.CancelScope) -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            hung_up.set()
            scope.cancel()

        try:
            async with anyio.create_task_group() as group:
                group.start_soon(watch, group.cancel_scope)
                try:
                    async with self._turn():
                        # This is not cancelled: the place is free when the thread has ended.
                        outcome = await anyio.to_thread.run_sync(task, model)
                except (RefusedError, HungUpError) as error:
                    # A group would wrap it.
                    outcome = error if isinstance(error, RefusedError) else None
                group.cancel_scope.cancel()
        finally:
            hung_up.set()  # The program ends: so does the thread.
        if outcome is None:
            raise HungUpError
        if isinstance(outcome, RefusedError):
            raise outcome
        return outcome

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        busy = RefusedError(503, BUSY, retry_seconds=self._limits.retry_seconds)
        if self._places.statistics().tasks_waiting >= self._limits.waiting:
            raise busy
        with anyio.move_on_after(self._limits.waiting_seconds) as scope:
            await self._places.acquire()
        if scope.cancelled_caught:
            raise busy
        try:
            yield
        finally:
            self._places.release()

    @cached_property
    def _places(self) -> anyio.CapacityLimiter:
        # Not in the constructor, which runs outside of the event loop.
        return anyio.CapacityLimiter(self._limits.at_work)


class _WatchedModel:
    """A model that stops predicting when the client has left."""

    def __init__(self, model: backends.Model, hung_up: threading.Event) -> None:
        self.info = model.info
        self._model = model
        self._hung_up = hung_up

    def predict(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[backends.Response]:
        """See ``client.backends.model.Model``."""
        if self._hung_up.is_set():
            raise HungUpError
        return self._model.predict(pictures, boxes)
