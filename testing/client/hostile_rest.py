"""A web server that answers what a test says, byte by byte, in place of TensorFlow Serving."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

MOODS = ("화남/불쾌", "공포")


class Request(NamedTuple):
    """A request that the server got: its number from 0, its pictures, and its headers."""

    number: int
    num_pictures: int
    headers: Mapping[str, str]


Answer = Callable[[Request, Callable[[bytes], None]], None]
"""Writes the answer to a request, from its first line on."""


def predictions(num_pictures: int, **changes: Any) -> list[dict[str, Any]]:
    """Returns what a sound server says of some pictures, with changes of each row."""
    row = {
        "status": "ok",
        "mood": MOODS[0],
        "moods": list(MOODS),
        "probabilities": [0.75, 0.25],
        "mood_index": 0,
        **changes,
    }
    return [row] * num_pictures


def response(
    body: object, status: str = "200 OK", headers: Mapping[str, str] | None = None
) -> bytes:
    """Returns a whole HTTP response; a body that is no bytes becomes JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content


def always(
    body: object, status: str = "200 OK", headers: Mapping[str, str] | None = None
) -> Answer:
    """Returns an answer that is the same for every request."""
    return lambda _, write: write(response(body, status, headers))


def sound_until(number: int, then: Answer) -> Answer:
    """Returns an answer that is sound before the request of this number."""

    def answer(request: Request, write: Callable[[bytes], None]) -> None:
        if request.number < number:
            write(response({"predictions": predictions(request.num_pictures)}))
        else:
            then(request, write)

    return answer


def dripping(content: bytes, seconds: float) -> Answer:
    """Returns an answer of single bytes with pauses, until the client has gone."""
    ended = threading.Event()

    def answer(_: Request, write: Callable[[bytes], None]) -> None:
        with contextlib.suppress(OSError):
            for byte in content:
                write(bytes([byte]))
                if ended.wait(seconds):
                    return

    return answer


@contextlib.contextmanager
def serve(answer: Answer, context: Any = None) -> Iterator[str]:
    """Serves on a free port of 127.0.0.1 and yields the address; ``context`` is of TLS."""
    numbers = iter(range(1 << 30))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            count = len(json.loads(body)["instances"])
            self.close_connection = True
            # A client that has given up is part of the test.
            with contextlib.suppress(OSError):
                answer(Request(next(numbers), count, dict(self.headers)), self._write)

        def _write(self, content: bytes) -> None:
            self.wfile.write(content)
            self.wfile.flush()

        def log_message(self, *arguments: Any) -> None:
            """Keeps the standard error clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def silent() -> Iterator[str]:
    """A port that takes connections and requests, and never says anything."""
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
