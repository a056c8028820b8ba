"""Clients that send headers and requests beyond all measure, to a server of ours."""

import contextlib
import socket
import time

import pytest

from system.web.connections import LARGEST_HEADER, MOST_PIPELINED
from testing.webdemo.fake_model import PHOTO, FakeModel
from testing.webdemo.running import is_closed, running, wait_until
from webdemo.limits import Limits

LIMITS = Limits(write_seconds=0.3, header_seconds=60, stall_seconds=60, upload_seconds=60)
"""Only what a test is about ends a connection."""
HEAD = b"GET /model HTTP/1.1\r\nHost: 127.0.0.1\r\n"
CHUNKED = b"POST /ask HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"


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
        b"GET /model HTTP/1.1\r\n\r\n",
        b"CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
    ids=["address", "header", "headers", "two hosts", "two lengths", "no host", "proxy", "bytes"],
)
def test_a_header_that_is_none_gets_400(
    sent: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with running(FakeModel(), LIMITS) as demo, demo.connect(sent) as connection:
        answer = all_bytes(connection)
    assert answer.startswith(b"HTTP/1.1 400 ") and b"malformed_request" in answer
    assert capfd.readouterr().err == ""


def test_a_header_of_the_largest_size_is_read() -> None:
    # The address and the names count too.
    more = b"A: " + b"a" * (LARGEST_HEADER - len("/modelHost127.0.0.1AConnectionclose"))
    sent = HEAD + more + b"\r\nConnection: close\r\n\r\n"
    with running(FakeModel(), LIMITS) as demo, demo.connect(sent) as connection:
        assert all_bytes(connection).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("begin", [HEAD + b"A: ", HEAD + b"A", CHUNKED + b"1\r\na\r\n0\r\nA: "],
                         ids=["value", "name", "after a body"])  # fmt: skip
def test_a_line_that_never_ends_is_not_kept(begin: bytes) -> None:
    with running(FakeModel(), LIMITS) as demo, demo.connect(begin) as connection:
        with pytest.raises(OSError):
            for _ in range(2000):
                connection.sendall(b"a" * 1000)
                time.sleep(0.001)
        assert demo.get("/model").status_code == 200


def test_headers_after_a_body_are_dropped() -> None:
    body = b"%x\r\n%s\r\n0\r\nHost: evil.example\r\n\r\n" % (len(PHOTO), PHOTO)
    head = CHUNKED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with running(FakeModel(), LIMITS) as demo, demo.connect(head + body) as connection:
        assert all_bytes(connection).startswith(b"HTTP/1.1 200 ")


def test_a_few_requests_at_once_are_answered_in_their_order() -> None:
    ask = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    sent = ask % b"/model" + ask % b"/nowhere" + HEAD + b"Connection: close\r\n\r\n"
    with running(FakeModel(), LIMITS) as demo, demo.connect(sent) as connection:
        answer = all_bytes(connection)
    statuses = [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"404", b"200"]


def test_too_many_requests_at_once_end_the_connection_alone() -> None:
    ask = HEAD + b"\r\n"
    with running(FakeModel(), LIMITS) as demo, demo.connect(ask * 1000) as connection:
        wait_until(lambda: is_closed(connection), 5)
        assert demo.get("/model").status_code == 200


def test_a_client_that_reads_no_answers_is_closed() -> None:
    ask = b"GET /page/page.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with running(FakeModel(), LIMITS) as demo, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", demo.port))
        connection.sendall(ask * MOST_PIPELINED)
        time.sleep(1)
        # A reset, and not the rest of the answers.
        with pytest.raises(OSError):
            for _ in range(10):
                connection.sendall(b"a")
                time.sleep(0.1)
