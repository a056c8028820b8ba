"""A server of one object that fails as it is told; obstore takes it for S3 and for Google's."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTENT = bytes(range(256)) * 4096
"""Of the object, 1 MiB."""


class Faulty(ThreadingHTTPServer):
    """The server.

    Attributes:
      status: of its answers; 200 is a whole object.
      times: so many answers have that status, and then 200.
      cut: bytes after which it closes the connection; None for none.
      requests: how many it has had.
      headers, body: of the faulty answers.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.times, self.requests = 200, 0, 0
        self.cut: int | None = None
        self.headers: dict[str, str] = {}
        self.body = b""

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Faulty

    def _answer(self) -> None:
        server = self.server
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server.requests += 1
        is_faulty = server.requests <= server.times
        status = server.status if is_faulty else 200
        body = server.body if is_faulty and status != 200 else CONTENT
        first = 0
        if status == 200 and (asked := self.headers.get("Range", "")).startswith("bytes="):
            first, last = (int(each) for each in asked[6:].split("-"))
            body, status = CONTENT[first : last + 1], 206
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 206:
            self.send_header(
                "Content-Range", f"bytes {first}-{first + len(body) - 1}/{len(CONTENT)}"
            )
        self.send_header("ETag", '"1"')
        self.send_header("Last-Modified", "Wed, 01 Jan 2025 00:00:00 GMT")
        for name, value in server.headers.items() if is_faulty else ():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if is_faulty and server.cut is not None:
            self.wfile.write(body[: server.cut])
            self.close_connection = True
            return
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Prints nothing."""


@contextlib.contextmanager
def serve() -> Iterator[Faulty]:
    """Serves on a free port of 127.0.0.1."""
    with Faulty() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
