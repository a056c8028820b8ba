"""Clients that send headers and requests beyond all measure, to a server of ours."""

import contextlib
import socket
import time
from collections.abc import Iterator
from threading import Thread
from typing import NamedTuple

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from system.web.connections import LARGEST_HEADER, MOST_PIPELINED
from system.web.guard import Guard
from system.web.outcomes import OutcomeCounts
from system.web.refusals import RefusedError
from system.web.server import server


class Limits(NamedTuple):
    """Only what a test is about ends a connection."""

    header_seconds: float = 60.0
    write_seconds: float = 0.3
    connections: int = 16


class Running(NamedTuple):
    """A server of ours on a port of this machine."""

    port: int

    def connect(self, sent: bytes) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        connection.sendall(sent)
        return connection

    def answers(self) -> bool:
        return httpx.get(f"http://127.0.0.1:{self.port}/large", timeout=20).status_code == 200


LARGE = bytes(1_000_000)
HEAD = b"GET /small HTTP/1.1\r\nHost: 127.0.0.1\r\n"
CHUNKED = b"POST /ask HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"


def _refused(refusal: RefusedError) -> Response:
    return Response(refusal.error, refusal.status)


@contextlib.contextmanager
def running() -> Iterator[Running]:
    async def small(request: Request) -> Response:
        return Response("small")

    async def large(request: Request) -> Response:
        return Response(LARGE)

    async def ask(request: Request) -> Response:
        body = await request.body()
        return Response(body, headers={"Hosts": str(len(request.headers.getlist("host")))})

    routes = [Route("/small", small), Route("/large", large), Route("/ask", ask, methods=["POST"])]
    app = Guard(Starlette(routes=routes), (), OutcomeCounts(), _refused)
    listener = socket.create_server(("127.0.0.1", 0))
    served = server(app, Limits(), _refused)
    thread = Thread(target=served.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not served.started:
            time.sleep(0.01)
        yield Running(listener.getsockname()[1])
    finally:
        served.should_exit = True
        thread.join()


def all_bytes(connection: socket.socket) -> bytes:
    """Returns what the server sends until it closes or resets the connection."""
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while received := connection.recv(1 << 16):
            found += received
    return found


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"a" * (LARGEST_HEADER + 1) + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        HEAD + b"A: " + b"a" * (LARGEST_HEADER + 1) + b"\r\n\r\n",
        HEAD + b"A: a\r\n" * (LARGEST_HEADER // 2 + 1) + b"\r\n",
        HEAD + b"Host: 127.0.0.1\r\n\r\n",
        HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /small HTTP/1.1\r\n\r\n",
        b"CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
    ids=["address", "header", "headers", "two hosts", "two lengths", "no host", "proxy", "bytes"],
)
def test_a_header_that_is_none_gets_400(sent: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with running() as one, one.connect(sent) as connection:
        answer = all_bytes(connection)
    assert answer.startswith(b"HTTP/1.1 400 ") and answer.endswith(b"malformed_request")
    assert b"X-Content-Type-Options: nosniff\r\n" in answer
    assert capfd.readouterr().err == ""


def test_a_header_of_the_largest_size_is_read() -> None:
    # The address and the names count too.
    more = b"A: " + b"a" * (LARGEST_HEADER - len("/smallHost127.0.0.1AConnectionclose"))
    sent = HEAD + more + b"\r\nConnection: close\r\n\r\n"
    with running() as one, one.connect(sent) as connection:
        assert all_bytes(connection).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("begin", [HEAD + b"A: ", HEAD + b"A", CHUNKED + b"1\r\na\r\n0\r\nA: "],
                         ids=["value", "name", "after a body"])  # fmt: skip
def test_a_line_that_never_ends_is_not_kept(begin: bytes) -> None:
    with running() as one, one.connect(begin) as connection:
        with pytest.raises(OSError):
            for _ in range(2000):
                connection.sendall(b"a" * 1000)
                time.sleep(0.001)
        assert one.answers()


def test_headers_after_a_body_are_dropped() -> None:
    body = b"3\r\nabc\r\n0\r\nHost: evil.example\r\n\r\n"
    head = CHUNKED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with running() as one, one.connect(head + body) as connection:
        answer = all_bytes(connection)
    assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"abc")
    assert b"hosts: 1\r\n" in answer


def test_a_few_requests_at_once_are_answered_in_their_order() -> None:
    ask = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    sent = ask % b"/small" + ask % b"/nowhere" + HEAD + b"Connection: close\r\n\r\n"
    with running() as one, one.connect(sent) as connection:
        answer = all_bytes(connection)
    statuses = [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"404", b"200"]


def test_too_many_requests_at_once_end_the_connection_alone() -> None:
    ask = HEAD + b"\r\n"
    with running() as one, one.connect(ask * 1000) as connection:
        assert all_bytes(connection).count(b"HTTP/1.1 200 ") < 1000
        assert one.answers()


def test_a_client_that_reads_no_answers_is_closed() -> None:
    ask = b"GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with running() as one, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(20)
        connection.connect(("127.0.0.1", one.port))
        connection.sendall(ask * MOST_PIPELINED)
        time.sleep(0.8)
        # It has given up long before all was sent.
        assert len(all_bytes(connection)) < MOST_PIPELINED * len(LARGE)
