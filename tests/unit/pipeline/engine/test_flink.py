"""What a Flink cluster's answers mean; a small HTTP server gives them as Flink 1.18.1 did."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from pipeline.engine import flink
from schemas.errors import ConfigError
from testing.pipeline.engine import free_port

OVERVIEW = {
    "taskmanagers": 2,
    "slots-total": 4,
    "slots-available": 4,
    "jobs-running": 0,
    "flink-version": "1.18.1",
}
RESTARTS = [{"key": "restart-strategy", "value": "fixed-delay"}]


class Answers(dict[str, Any]):
    """What is answered by path, bytes as they are, and where."""

    address: str


@pytest.fixture
def answers() -> Iterator[Answers]:
    found = Answers({"/overview": OVERVIEW, "/jobmanager/config": RESTARTS})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = found[self.path]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found.address = f"127.0.0.1:{server.server_port}"
        yield found
        server.shutdown()


@pytest.mark.parametrize("scheme", ["", "http://"])
def test_a_cluster_with_enough_slots_is_described(answers: Answers, scheme: str) -> None:
    said = flink.check(f"{scheme}{answers.address}", 4)
    assert said == "Flink 1.18.1, 2 TaskManagers, 4 slots"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"slots-total": 3}, "Received: 4 with 3 slots of 2 TaskManagers"),
        (
            {"slots-total": 0, "slots-available": 0, "taskmanagers": 0},
            "Received: 4 with 0 slots of 0 TaskManagers",
        ),
        ({"slots-available": 3}, "must have 4 free slots .* Received: 3 of 4"),
        ({"slots-total": None}, "Received: an answer without"),
        ({"flink-version": "1.18.1", "slots-total": "many"}, "Received: an answer without"),
    ],
)
def test_a_cluster_that_cannot_take_the_work_is_told(
    answers: Answers, changes: dict[str, Any], said: str
) -> None:
    answers["/overview"] = {**OVERVIEW, **changes}
    with pytest.raises(ConfigError, match=said):
        flink.check(answers.address, 4)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"3", b"\xff"])
def test_what_is_no_flink_is_told(answers: Answers, body: bytes) -> None:
    answers["/overview"] = body
    with pytest.raises(ConfigError, match="REST interface must answer at beam"):
        flink.check(answers.address, 1)


def test_nobody_there_is_told() -> None:
    with pytest.raises(ConfigError, match=r"Connection refused\. Start the cluster"):
        flink.check(f"127.0.0.1:{free_port()}", 1)


@pytest.mark.parametrize(
    ("config", "warned"),
    [
        ([], True),
        ([{"key": "restart-strategy", "value": "none"}], True),
        (RESTARTS, False),
        # Flink 1.19's name.
        ([{"key": "restart-strategy.type", "value": "exponential-delay"}], False),
    ],
)
def test_a_cluster_that_does_not_restart_jobs_is_warned_of(
    answers: Answers, config: list[dict[str, str]], warned: bool
) -> None:
    answers["/jobmanager/config"] = config
    assert ("no restart strategy" in flink.check(answers.address, 1)) is warned
