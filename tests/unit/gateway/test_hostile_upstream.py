"""Servers behind the gateway that answer nonsense: none of it reaches clients, figures or log."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from client.backends.address import parse_address
from client.backends.connection import Connection
from gateway.calls import Answer, Call, Target
from gateway.entry.app import create_app
from gateway.figures import Figures
from gateway.upstream.interface import UpstreamError
from gateway.upstream.rest import RestUpstream
from testing.client import hostile_rest
from testing.gateway.fake_upstream import NEW_OUTPUTS, PHOTO, ROW, FakeUpstream, service
from testing.gateway.running import result_of

LIES: list[dict[str, Any]] = [
    {"mood": 5},
    {"mood": "no mood of the list"},
    {"status": {"a": 1}},
    {"moods": "text"},
    {"moods": ["\x1b[2J", "b", "c"]},
    {"probabilities": ["a", "b", "c"]},
    {"probabilities": [0.5, 0.5]},
    {"probabilities": [[1.0], [0.0], [0.0]]},
    {"probabilities": [1e300, 0.0, 0.0]},
    {"mood_index": 10**18},
    {"mood_id": {"a": [1]}},
    {"unsure": "yes"},
    {"box": [1, 2, 3], "box_source": "found", "found": 0.5},
    {"box": [1, 2, 3, 2**62], "box_source": "found", "found": 0.5},
    {"box": [1, 2, 3, 4], "box_source": "found", "found": "much"},
]


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_what_is_no_answer_of_a_model_reaches_no_client(lie: dict[str, Any]) -> None:
    fake = FakeUpstream(ROW | lie)
    web = TestClient(create_app(service(fake)), "http://127.0.0.1")
    rows = {"instances": [{"b64": ""}, {"b64": ""}]}
    for path, body in (("/v1/mood", None), ("/v1/models/pet_mood:predict", rows)):
        response = web.post(path, **({"content": PHOTO} if body is None else {"json": body}))
        assert response.status_code == 502, response.text
        assert "no answer" in response.text
    assert "unexpected" not in web.get("/metrics").text


def test_rows_that_differ_and_outputs_that_nobody_knows_reach_no_client() -> None:
    class Two(FakeUpstream):
        async def predict(self, call: Call, target: Target) -> Answer:
            return Answer(7, [ROW | NEW_OUTPUTS, ROW])

    rows = {"inputs": [{"b64": ""}, {"b64": ""}]}
    web = TestClient(create_app(service(Two())), "http://127.0.0.1")
    assert web.post("/v1/models/pet_mood:predict", json=rows).status_code == 502
    other = FakeUpstream(ROW | {"secret": [[1, [2]], "a"]})
    web = TestClient(create_app(service(other)), "http://127.0.0.1")
    answered = web.post("/v1/models/pet_mood:predict", json=rows).json()["outputs"]
    assert set(answered) == set(ROW)


@pytest.mark.parametrize("version", [-1, 1 << 63, 10**30])
def test_a_version_beyond_64_bits_is_no_answer(version: int) -> None:
    web = TestClient(create_app(service(FakeUpstream(version=version))), "http://127.0.0.1")
    assert web.post("/v1/mood", content=PHOTO).status_code == 502
    assert "version=" not in web.get("/metrics").text


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("200 OK", {"model_spec": {"version": "1" * 30}}),
        ("200 OK", {"model_spec": {"version": 7}}),
        ("200 OK", {"model_spec": {"version": "-7"}}),
        ("200 OK", b"[" * 900),
        ("404 Not Found", b'{"error": ' + b"[" * 900 + b"]" * 900 + b"}"),
        ("404 Not Found", b'{"error": {"a": "\u001b[2J"}}'),
        ("500 Oops", b"\xff\x1b[2J"),
    ],
)
def test_a_server_that_answers_nonsense_about_its_version_is_an_upstream_error(
    status: str, body: object
) -> None:
    with hostile_rest.serve(hostile_rest.always(body, status)) as url:

        async def ask() -> Any:
            upstream = RestUpstream(parse_address(url), 5, Connection())
            try:
                return await upstream.current_version(Target())
            finally:
                await upstream.close()

        with pytest.raises(UpstreamError) as told:
            result_of(ask)
    assert str(told.value).isprintable()
    assert told.value.public.isprintable()


def test_figures_of_invented_moods_do_not_fill_the_memory() -> None:
    figures = Figures()
    for number in range(10_050):
        figures.count_answer(number, ROW)
    figures.count_answer(3, ROW)
    lines = [line for line in figures.text().decode().splitlines() if "answers_total{" in line]
    assert len(lines) == 10_001
    assert sum('version="other"' in line for line in lines) == 1
    assert sum('version="3"' in line and line.endswith(" 2.0") for line in lines) == 1
