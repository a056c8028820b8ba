"""A web server that turns, means harm or talks nonsense: one sentence, at the deadline at last."""

import gzip
import json
import math
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from client.backends.address import parse_address
from client.backends.errors import ServerError, SlowError
from client.backends.expected_model import ExpectedModel
from client.backends.tf_serving import ServingModel
from schemas.errors import ConfigError
from testing.client import hostile_rest
from testing.client.hostile_rest import Answer, Request, always, dripping, predictions, response
from testing.models import quadrants

pytestmark = pytest.mark.usefixtures("no_pauses")

PICTURE = quadrants.encoded(quadrants.red_at(0))


def ask(answer: Answer, pictures: int = 2, timeout: float = 5.0) -> Any:
    with hostile_rest.serve(answer) as url:
        model = ServingModel(parse_address(url), ExpectedModel(), timeout)
        return model.predict([PICTURE] * pictures, None)


def refusal(answer: Answer, **options: Any) -> str:
    """Returns the only line that a user sees."""
    with pytest.raises(ServerError) as refused:
        ask(answer, **options)
    message = str(refused.value)
    assert message.isprintable()
    assert len(message) < 1000
    return message


def rows(**changes: Any) -> Answer:
    return lambda request, write: write(
        response({"predictions": predictions(request.num_pictures, **changes)})
    )


def test_the_sound_server_of_these_tests_is_understood() -> None:
    answers = ask(rows())
    assert [r.mood for r in answers] == ["화남/불쾌"] * 2
    # As a servable of before.
    assert [r.unsure for r in answers] == [None] * 2


@pytest.mark.parametrize("unsure", [True, False, None])
def test_an_answer_says_whether_it_is_unsure(unsure: bool | None) -> None:
    assert ask(rows(unsure=unsure))[0].unsure is unsure


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"nothing", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"", "no JSON"),
        (b"9" * 5000, "no JSON: Exceeds the limit"),
        (b"[]", "no list of predictions"),
        (b'{"predictions": 3}', "no list of predictions"),
        (b'{"predictions": [3]}', "no list of predictions"),
        (b'{"predictions": [{}]}', "predictions without mood, moods, probabilities, status"),
        (b'{"outputs": {}}', "no list of predictions"),
    ],
    ids=range(11),
)
def test_nonsense_is_refused(body: bytes, said: str) -> None:
    message = refusal(always(body))
    assert "does not return the outputs of this project's models" in message
    assert said in message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mood": {"a": 1}}, r"the mood {'a': 1}"),
        ({"status": {"a": 1}}, r"the status {'a': 1}"),
        ({"status": "\x1b[2J"}, r"the status '\x1b[2J'"),
        ({"status": "x" * 1000}, "the status 'xxx"),
        ({"mood": "another"}, "the mood 'another' with the status ok"),
        ({"mood": None}, "the mood None"),
        ({"status": "image_unreadable"}, "with the status image_unreadable"),
        ({"moods": "ab"}, "the moods 'ab'"),
        ({"moods": [1, 2]}, "the moods [1, 2]"),
        ({"moods": ["a", "a"], "mood": "a"}, "The names must differ"),
        ({"moods": ["a"], "mood": "a", "probabilities": [1]}, "2 to 1000 moods. Received: 1"),
        ({"moods": ["a\x1b]0;x\x07", "b"], "mood": "b"}, "all of them printable"),
        ({"moods": ["a\u202eb", "b"], "mood": "b"}, "all of them printable"),
        ({"moods": ["m" * 101, "b"], "mood": "b"}, "at most 100 characters"),
        ({"probabilities": [0.5]}, "the probabilities [0.5] of 2 moods"),
        ({"probabilities": {"a": 1}}, "the probabilities {'a': 1}"),
        ({"probabilities": ["1", 0]}, "the probability '1'"),
        ({"probabilities": [True, 0]}, "the probability True"),
        ({"probabilities": [None, 0]}, "the probability None"),
        ({"probabilities": [10**400, 0]}, "a probability of hundreds of digits"),
        ({"probabilities": [1e300, 0]}, "the probability 1e+300"),
        ({"probabilities": [-1, 0]}, "the probability -1"),
        ({"unsure": 1}, "1 where unsure is true or false"),
        ({"unsure": {"a": 1}}, "{'a': 1} where unsure is true or false"),
    ],
    ids=range(24),
)
def test_a_row_of_another_form_is_refused(changes: dict[str, Any], said: str) -> None:
    assert said in refusal(rows(**changes))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_numbers_that_are_not_finite_are_left_to_the_caller(value: float) -> None:
    assert not math.isfinite(ask(rows(probabilities=[value, 0]))[0].probabilities["화남/불쾌"])


def test_a_thousand_moods_with_long_names_are_no_nonsense() -> None:
    moods = [f"{number:04}" + "가" * 96 for number in range(1000)]
    assert len(ask(rows(moods=moods, mood=moods[0], probabilities=[0.001] * 1000))) == 2


@pytest.mark.parametrize(
    ("moods", "said"),
    [(("화남/불쾌", "공포", "행복"), "행복"), (("공포", "화남/불쾌"), "['공포', '화남/불쾌']")],
)
def test_a_server_that_changes_its_moods_is_refused(moods: tuple[str, ...], said: str) -> None:
    turned = hostile_rest.sound_until(1, rows(moods=list(moods), mood=moods[0],
                                              probabilities=[0.1] * len(moods)))  # fmt: skip
    message = refusal(turned)
    assert f"the moods {list(moods)}"[:60] in message
    assert said in message
    assert "/versions/N" in message


@pytest.mark.parametrize("count", [0, 1, 3])
def test_another_number_of_predictions_is_refused(count: int) -> None:
    def other(_: Request, write: Callable[[bytes], None]) -> None:
        write(response({"predictions": predictions(count)}))

    message = refusal(hostile_rest.sound_until(1, other))
    assert f"{count} predictions for 2 pictures" in message


def test_an_answer_of_blanks_without_end_ends_at_the_limit() -> None:
    def blanks(_: Request, write: Callable[[bytes], None]) -> None:
        write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(700):
            write(b"100000\r\n" + b" " * (1 << 20) + b"\r\n")

    before = psutil.Process().memory_info().rss
    assert "bytes, which no answer to this request has" in refusal(blanks)
    assert psutil.Process().memory_info().rss - before < 64 << 20


def test_a_compressed_answer_is_not_unpacked() -> None:
    bomb = gzip.compress(b" " * (64 << 20))
    message = refusal(always(bomb, headers={"Content-Encoding": "gzip"}))
    assert "an answer in the encoding gzip, not asked for" in message


@pytest.mark.parametrize(
    "content",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + b" " * 9999,
        b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 9999,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 999,
    ],
    ids=["body", "headers", "interim answers"],
)
def test_a_dripping_server_ends_at_the_deadline(content: bytes) -> None:
    start = time.monotonic()
    with pytest.raises(SlowError, match=r"not answered 1 pictures within 0\.5 s"):
        ask(dripping(content, 0.05), timeout=0.5)
    assert time.monotonic() - start < 2


def test_a_server_that_never_answers_ends_at_the_deadline() -> None:
    start = time.monotonic()
    with hostile_rest.silent() as url, pytest.raises(SlowError):
        ServingModel(parse_address(url), ExpectedModel(), 0.5)
    assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\x1b[2J: x\r\n\r\n",
    ],
    ids=range(5),
)
def test_an_answer_that_breaks_off_is_an_error(content: bytes) -> None:
    assert "does not take requests" in refusal(lambda _, write: write(content))


def test_the_words_of_a_server_are_shown_with_escapes_and_cut_short() -> None:
    words = "\x1b]0;owned\x07\x1b[2J\n\u202egnp.exe" + "x" * 5000
    for body in (json.dumps({"error": words}).encode(), words.encode()):
        message = refusal(always(body, "500 \x1b[31mno"))
        assert r"\x1b]0;owned\x07\x1b[2J\n\u202egnp.exe" in message
        assert message.endswith(("x…", "x"))


def test_an_error_nested_deeply_is_an_error() -> None:
    assert "500" in refusal(always(b"[" * 15_000, "500 Internal Server Error"))


def test_an_error_without_end_is_read_in_part() -> None:
    assert "500" in refusal(always(b"x" * (64 << 20), "500 Internal Server Error"))


def test_redirects_are_not_followed() -> None:
    with hostile_rest.serve(rows()) as other:
        message = refusal(always(b"", "302 Found", {"Location": f"{other}/\x1b"}))
    assert f"302 Found, to {other}/" in message
    assert "not followed" in message


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_a_server_that_asks_who_is_there_is_told_how(status: str) -> None:
    assert "--token-file" in refusal(always(b"{}", status))


@pytest.mark.parametrize("host", ["a..b", "a" * 70])
def test_a_name_that_no_host_can_have_is_an_error(host: str) -> None:
    with pytest.raises((ServerError, ConfigError)) as refused:
        ServingModel(parse_address(f"http://{host}:1"), ExpectedModel(), 5.0)
    assert str(refused.value).isprintable()
