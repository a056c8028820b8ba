"""A thread with an event loop, which ends a request at its deadline whatever it is waiting for.

Time limits of blocking sockets hold for each read or write, so that a server that sends a byte now
and then would never reach them.
"""

import asyncio
import threading
import weakref
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class EventLoop:
    """The thread; it ends with its last user or with the process."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        thread = threading.Thread(target=_run, args=(self._loop,), name="requests", daemon=True)
        thread.start()
        self._stop = weakref.finalize(self, _stop, self._loop, thread)

    def result_of(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        """Returns the result of ``work``; several threads may ask at once.

        Raises:
          TimeoutError: there is none after ``seconds``; the work is cancelled.
        """
        future = asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, seconds), self._loop)
        try:
            return future.result()
        except asyncio.TimeoutError as error:  # Another class than TimeoutError until Python 3.11.
            raise TimeoutError(f"no result within {seconds:g} s") from error
        except BaseException:
            future.cancel()  # After Ctrl-C.
            raise


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()
    loop.close()


def _stop(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    loop.call_soon_threadsafe(loop.stop)
    if thread is not threading.current_thread():
        thread.join(timeout=5)
