"""The demo's server against clients that are slow, silent, many, or leave."""

import contextlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from system.web.guard import SECURITY_HEADERS
from testing.webdemo.fake_model import PHOTO, FakeModel
from testing.webdemo.running import DESCRIPTORS, is_closed, post_head, running, wait_until
from webdemo.limits import Limits

SHORT = Limits(
    stall_seconds=0.3,
    upload_seconds=0.8,
    header_seconds=0.4,
    write_seconds=0.3,
    connections=6,
    at_work=1,
    waiting=1,
    waiting_seconds=20,
)
"""Limits that a test need not wait for."""
HEAT = "/heat?mood=%EA%B3%B5%ED%8F%AC"


def all_text(connection: socket.socket) -> str:
    """Returns what the server sends until it closes or resets the connection."""
    text = b""
    with contextlib.suppress(ConnectionResetError):
        while received := connection.recv(1 << 16):
            text += received
    return text.decode()


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HTTP/1.1\r\nHost: 127.", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"],
    ids=["nothing", "half a header", "nothing after an answer"],
)
def test_a_silent_connection_is_closed(sent: bytes) -> None:
    with running(FakeModel(), SHORT) as demo, demo.connect(sent) as connection:
        began = time.monotonic()
        wait_until(lambda: is_closed(connection), 5)
        assert 0.3 < time.monotonic() - began < 3


def test_a_header_that_comes_drop_by_drop_is_not_waited_for() -> None:
    with (
        running(FakeModel(), SHORT) as demo,
        demo.connect(b"GET / HTTP/1.1\r\nA: ") as connection,
        pytest.raises(OSError),
    ):
        for _ in range(100):
            connection.sendall(b"a")
            time.sleep(0.05)


def test_an_upload_that_stops_is_answered_408_and_closed() -> None:
    with running(FakeModel(), SHORT) as demo:
        with demo.connect(post_head("/ask", 1000) + b"a") as connection:
            answer = all_text(connection)
            assert " 408 " in answer and "upload_too_slow" in answer
            assert all(f"{name}: {value}".lower() in answer.lower()
                       for name, value in SECURITY_HEADERS.items())  # fmt: skip
            wait_until(lambda: is_closed(connection), 5)
        assert demo.log.counts == {"upload_too_slow": 1}


def test_an_upload_that_comes_drop_by_drop_is_answered_408() -> None:
    with (
        running(FakeModel(), SHORT) as demo,
        demo.connect(post_head("/ask", 1000)) as connection,
        ThreadPoolExecutor(1) as pool,
    ):
        answer = pool.submit(all_text, connection)
        with pytest.raises(OSError):
            for _ in range(100):
                connection.sendall(b"a")
                time.sleep(0.05)
        assert " 408 " in answer.result()


@pytest.mark.slow
def test_a_client_that_reads_no_answers_is_closed() -> None:
    ask = b"GET /page/page.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with running(FakeModel(), SHORT._replace(header_seconds=60)) as demo:
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", demo.port))
            connection.settimeout(10)
            with pytest.raises(OSError):
                for _ in range(10_000):
                    connection.sendall(ask * 100)
        assert demo.get("/model").status_code == 200


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HTTP/1.1\r\nA: ", post_head("/ask", 1000) + b"a"],
    ids=["silent", "half a header", "half a file"],
)
def test_more_connections_than_the_limit_do_not_keep_a_visitor_out(sent: bytes) -> None:
    limits = SHORT._replace(header_seconds=60, stall_seconds=60, upload_seconds=60)
    with running(FakeModel(), limits) as demo:
        others = [demo.connect() for _ in range(20)]
        for one in others:
            with contextlib.suppress(OSError):  # It has been closed for the later ones.
                one.sendall(sent)
        assert demo.post("/ask", PHOTO).status_code == 200
        wait_until(lambda: sum(not is_closed(one) for one in others) <= SHORT.connections)
        for one in others:
            one.close()


def test_uploads_share_a_limit_of_memory() -> None:
    limits = SHORT._replace(all_uploads_bytes=len(PHOTO) + 100, stall_seconds=60, upload_seconds=60)
    with running(FakeModel(), limits) as demo:
        with demo.connect(post_head("/ask", 1000) + b"a" * 100) as connection:
            wait_until(lambda: demo.post("/ask", PHOTO + b"0").status_code == 503)
            refused = demo.post("/ask", PHOTO + b"0")
            assert refused.json()["error"] == "busy"
            assert refused.headers["Retry-After"] == str(limits.retry_seconds)
            assert demo.post("/ask", PHOTO).status_code == 200
            connection.close()
        # Those bytes are free again.
        wait_until(lambda: demo.post("/ask", PHOTO + b"0").status_code == 200)


def test_too_large_by_its_own_account_is_refused_before_it_comes() -> None:
    head = post_head("/ask", SHORT.upload_bytes + 1)
    with running(FakeModel(), SHORT) as demo, demo.connect(head) as connection:
        assert b" 413 " in connection.recv(1 << 16)


@pytest.mark.parametrize("sent", [b"\0\0\0\0\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"A" * 20_000])
def test_what_is_no_http_gets_400_with_all_headers(
    sent: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with running(FakeModel(), SHORT) as demo, demo.connect(sent) as connection:
        answer = all_text(connection)
    assert answer.startswith("HTTP/1.1 400 ") and "malformed_request" in answer
    assert all(f"{name}: {value}" in answer for name, value in SECURITY_HEADERS.items())
    assert capfd.readouterr().err == ""


def test_junk_after_an_answer_ends_the_connection_without_a_word(
    capfd: pytest.CaptureFixture[str],
) -> None:
    head = b"GET /model HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with running(FakeModel(), SHORT) as demo, demo.connect(head) as connection:
        all_text(connection)
        with contextlib.suppress(OSError):
            connection.sendall(b"\0\0\r\n\r\n" * 3)
        assert demo.get("/model").status_code == 200
    assert capfd.readouterr().err == ""


class Gate:
    """Holds a model's batches until it is opened."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.opened = threading.Event()

    def __call__(self) -> None:
        self.entered.release()
        assert self.opened.wait(20)


def test_who_leaves_stops_the_work_between_two_batches() -> None:
    gate = Gate()
    model = FakeModel(before=gate)
    with running(model, SHORT) as demo:
        connection = demo.connect(post_head(HEAT, len(PHOTO)) + PHOTO)
        assert gate.entered.acquire(timeout=20)
        connection.close()
        time.sleep(0.2)  # The server sees it.
        gate.opened.set()
        wait_until(lambda: demo.log.counts)
        assert demo.log.counts == {"hung_up": 1}
        assert len(model.calls) == 1, "a heat map has two batches"
        assert demo.post(HEAT, PHOTO).status_code == 200
        assert len(model.calls) == 3


def test_who_leaves_the_queue_costs_the_model_nothing() -> None:
    gate = Gate()
    model = FakeModel(before=gate)
    with running(model, SHORT) as demo, ThreadPoolExecutor(1) as pool:
        first = pool.submit(demo.post, "/ask", PHOTO)
        assert gate.entered.acquire(timeout=20)
        connection = demo.connect(post_head("/ask", len(PHOTO)) + PHOTO)
        time.sleep(0.2)
        connection.close()
        wait_until(lambda: demo.log.counts == {"hung_up": 1})
        gate.opened.set()
        assert first.result().status_code == 200
        assert len(model.calls) == 1


def test_beyond_the_queue_is_503_with_retry_after() -> None:
    gate = Gate()
    with running(FakeModel(before=gate), SHORT) as demo, ThreadPoolExecutor(2) as pool:
        at_work = pool.submit(demo.post, "/ask", PHOTO)
        assert gate.entered.acquire(timeout=20)
        waiting = pool.submit(demo.post, "/ask", PHOTO)
        time.sleep(0.3)
        third = demo.post("/ask", PHOTO)
        assert (third.status_code, third.json()["error"]) == (503, "busy")
        assert third.headers["Retry-After"] == str(SHORT.retry_seconds)
        assert {name: third.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
        assert demo.get("/model").status_code == 200, "what needs no model is answered"
        gate.opened.set()
        assert [one.result().status_code for one in (at_work, waiting)] == [200, 200]


def test_who_waits_too_long_for_the_model_gets_503() -> None:
    gate = Gate()
    with (
        running(FakeModel(before=gate), SHORT._replace(waiting_seconds=0.2)) as demo,
        ThreadPoolExecutor(1) as pool,
    ):
        at_work = pool.submit(demo.post, "/ask", PHOTO)
        assert gate.entered.acquire(timeout=20)
        assert demo.post("/ask", PHOTO).status_code == 503
        gate.opened.set()
        assert at_work.result().status_code == 200
        assert demo.post("/ask", PHOTO).status_code == 200


def test_the_model_works_for_as_many_as_the_limit_says() -> None:
    gate = Gate()
    limits = SHORT._replace(at_work=2, waiting=8)
    model = FakeModel(before=gate)
    with running(model, limits) as demo, ThreadPoolExecutor(5) as pool:
        asked = [pool.submit(demo.post, "/ask", PHOTO) for _ in range(5)]
        for _ in range(limits.at_work):
            assert gate.entered.acquire(timeout=20)
        time.sleep(0.3)
        assert len(model.calls) == limits.at_work
        gate.opened.set()
        assert [one.result().status_code for one in asked] == [200] * 5


def test_the_end_of_the_program_stops_the_work() -> None:
    calls: list[float] = []

    def slow() -> None:
        calls.append(time.monotonic())
        time.sleep(3)

    model = FakeModel(before=slow)
    # Not closed at the end: who has left would stop the work as well.
    with running(model, SHORT) as demo:
        connection = demo.connect(post_head(HEAT, len(PHOTO)) + PHOTO)
        wait_until(lambda: calls)
    time.sleep(1.5)
    assert len(calls) == 1
    connection.close()


@pytest.mark.slow
def test_the_program_bears_more_silent_connections_than_it_has_descriptors(
    address: str, error_log: Path
) -> None:
    before = error_log.stat().st_size
    port = httpx.URL(address).port
    silent = []
    for _ in range(DESCRIPTORS + 76):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(("127.0.0.1", port))
        silent.append(one)
    try:
        answers = [httpx.get(f"{address}model", timeout=10).status_code for _ in range(5)]
        assert answers == [200] * 5
        # The first photo traces the network, which takes ten seconds on a busy machine.
        assert httpx.post(f"{address}ask", content=PHOTO, timeout=60).status_code == 200
    finally:
        for one in silent:
            one.close()
    assert error_log.stat().st_size == before


@pytest.mark.slow
def test_the_program_answers_under_its_names_only_and_shows_no_path(
    address: str, version: Path
) -> None:
    assert httpx.get(f"{address}model", headers={"Host": "evil.example"}).status_code == 421
    model = httpx.get(f"{address}model")
    assert model.json()["source"] == version.name
    assert str(version.parent) not in model.text
    assert "server" not in model.headers
