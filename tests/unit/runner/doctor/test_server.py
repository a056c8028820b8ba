"""Servers that do not serve are named."""

import json
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from runner.doctor import (
    server,
)


@pytest.fixture
def answering() -> Iterator[Callable[[bytes], str]]:
    """Returns a function that starts a server with one answer, and returns its address."""
    sockets: list[socket.socket] = []

    def start(answer: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        sockets.append(listener)

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for listener in sockets:
        listener.close()


def http_answer(status: str, document: object) -> bytes:
    body = json.dumps(document).encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("answer", "state", "message"),
    [
        (http_answer("404 Not Found", {}), "fault", "not served there"),
        (http_answer("200 OK", {"hello": 1}), "fault", "not as TensorFlow Serving"),
        (
            http_answer("200 OK", {"model_version_status": [{"state": "LOADING"}]}),
            "fault",
            "no version that is ready. Received: LOADING",
        ),
        (http_answer("200 OK", {"model_version_status": [{"state": "AVAILABLE"}]}), "ok", "serves"),
        (http_answer("401 Unauthorized", {}), "ok", "asks for a token"),
        (b"SSH-2.0-OpenSSH\r\n", "fault", "cannot be asked"),
    ],
)
def test_a_server_that_does_not_serve(
    answer: bytes, state: str, message: str, answering: Callable[[bytes], str]
) -> None:
    finding = server.check(answering(answer))
    assert finding.state == state
    assert message in finding.message


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        for scheme in ("http", "grpc"):
            finding = server.check(f"{scheme}://127.0.0.1:{port}")
            assert (finding.state, "Nothing listens" in finding.message) == ("fault", True)
        unused.listen()
        assert server.check(f"grpc://127.0.0.1:{port}").state == "ok"
        monkeypatch.setattr(server, "_SECONDS", 0.05)
        silent = server.check(f"http://127.0.0.1:{port}")
        assert "does not answer within" in silent.message
    for address in ("ftp://x", "http://", "http://user:secret@host", "http://x:port", "8501"):
        finding = server.check(address)
        assert "must be an address" in finding.message
        assert "secret" not in str(finding)
    assert "No machine of the name" in server.check("http://no-such-host.invalid").message
