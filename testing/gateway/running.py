"""The gateway's servers on free ports of this machine, in a thread with an event loop."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NamedTuple

from gateway.entry.app import create_app, refusal_response
from gateway.entry.grpc_front import grpc_server
from gateway.service import Service
from system.web.server import server


class RunningGateway(NamedTuple):
    """A gateway that runs.

    Attributes:
      address: of HTTP, ``http://127.0.0.1:port``.
      grpc_address: ``grpc://127.0.0.1:port``.
      port: of HTTP.
      service: what answers.
      stop: ends it before the block does.
    """

    address: str
    grpc_address: str
    port: int
    service: Service
    stop: Callable[[], None]


@contextlib.contextmanager
def running(
    make: Callable[[], Service], port: int = 0, grpc_port: int = 0
) -> Iterator[RunningGateway]:
    """Runs a gateway until the end of the block.

    Args:
      make: makes the service, in the event loop that its connections belong to.
      port: of HTTP; 0 takes a free one.
      grpc_port: the same of gRPC.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    if not grpc_port:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            grpc_port = probe.getsockname()[1]
    ready = threading.Event()
    state: dict[str, Any] = {}

    async def serve() -> None:
        state["service"] = one = make()
        state["web"] = web = server(create_app(one), one.limits, refusal_response)
        calls = grpc_server(one, f"127.0.0.1:{grpc_port}", None)
        await one.log.start()
        await calls.start()
        asyncio.get_running_loop().call_soon(ready.set)
        await web.serve([listener])
        await calls.stop(0)
        await one.log.stop()
        await one.upstream.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()

    def stop() -> None:
        state["web"].should_exit = True
        thread.join()

    try:
        assert ready.wait(20)
        chosen = listener.getsockname()[1]
        yield RunningGateway(
            *(f"http://127.0.0.1:{chosen}", f"grpc://127.0.0.1:{grpc_port}", chosen),
            *(state["service"], stop),
        )
    finally:
        stop()


def result_of(work: Callable[[], Awaitable[Any]]) -> Any:
    """Returns the result of a coroutine, in a new event loop."""

    async def awaited() -> Any:
        return await work()

    return asyncio.run(awaited())
