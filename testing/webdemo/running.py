"""The demo's server on a free port of this machine, and clients that misbehave."""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from threading import Thread

import httpx

from client.backends.model import Model
from system.web.outcomes import OutcomeCounts
from system.web.server import server
from webdemo.app import create_app
from webdemo.limits import Limits
from webdemo.responses import refusal_response

DESCRIPTORS = 1024
"""Open files that a demo of the tests may have: Linux' usual limit, whatever this machine's is."""


class RunningDemo:
    """A server in a thread.

    Attributes:
      port: on 127.0.0.1.
      log: its counts.
    """

    def __init__(self, port: int, log: OutcomeCounts) -> None:
        self.port, self.log = port, log

    def post(self, path: str, photo: bytes, **headers: str) -> httpx.Response:
        address = f"http://127.0.0.1:{self.port}{path}"
        return httpx.post(address, content=photo, headers=headers, timeout=20)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=20)

    def connect(self, sent: bytes = b"") -> socket.socket:
        """Opens a connection, sends some bytes and says nothing more."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        connection.sendall(sent)
        return connection


@contextlib.contextmanager
def running(model: Model, limits: Limits) -> Iterator[RunningDemo]:
    """Serves a model until the end of the block."""
    listener = socket.create_server(("127.0.0.1", 0))
    log = OutcomeCounts()
    served = server(create_app(model, (), limits, log), limits, refusal_response)
    thread = Thread(target=served.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        wait_until(lambda: served.started)
        yield RunningDemo(listener.getsockname()[1], log)
    finally:
        served.should_exit = True
        thread.join()


def post_head(path: str, length: int) -> bytes:
    """Returns the header of a request with a photo of ``length`` bytes."""
    return f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n".encode()


def is_closed(connection: socket.socket) -> bool:
    """Returns whether the server has closed a connection; what it has sent is thrown away."""
    connection.setblocking(False)
    try:
        while connection.recv(1 << 16):
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def wait_until(is_so: Callable[[], object], seconds: float = 20) -> None:
    """Waits until something is so.

    Raises:
      TimeoutError: it is not, after some seconds.
    """
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} seconds")
        time.sleep(0.02)
