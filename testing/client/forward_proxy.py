"""A company's proxy: it leads requests for any name to one server, and says what it was asked."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit


class ForwardProxy(NamedTuple):
    """A running proxy: ``host:port``, and the heads of the requests that it got."""

    address: str
    heads: list[bytes]


@contextlib.contextmanager
def serve(upstream: str, refusal: bytes = b"") -> Iterator[ForwardProxy]:
    """Serves on a free port of 127.0.0.1.

    Args:
      upstream: the address that every request is led to.
      refusal: a whole HTTP response in place of that.
    """
    parts = urlsplit(upstream)
    target = (parts.hostname, parts.port or 0)
    heads: list[bytes] = []

    def handle(client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            head = b""
            while b"\r\n\r\n" not in head:
                if not (more := client.recv(65536)):
                    return
                head += more
            heads.append(head)
            if refusal:
                client.sendall(refusal)
                return
            with socket.create_connection(target) as server:
                if head.startswith(b"CONNECT"):
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    server.sendall(_origin_form(head))
                back = threading.Thread(target=_pump, args=(server, client), daemon=True)
                back.start()
                _pump(client, server)
                back.join(5)

    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=handle, args=(client,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield ForwardProxy(f"127.0.0.1:{listener.getsockname()[1]}", heads)
        finally:
            # Closing alone does not wake the thread that accepts.
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while content := source.recv(65536):
            sink.sendall(content)
        sink.shutdown(socket.SHUT_WR)


def _origin_form(head: bytes) -> bytes:
    """Returns a request to a proxy as a server gets it."""
    method, url, rest = head.split(b" ", 2)
    return b" ".join([method, urlsplit(url).path, rest])
