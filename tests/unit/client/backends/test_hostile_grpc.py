"""A gRPC server that turns, means harm or talks nonsense: one sentence, at the deadline at last."""

import time
from typing import Any

import grpc
import numpy as np
import psutil
import pytest
import tensorflow as tf

from client.backends.address import parse_address
from client.backends.errors import ServerError, SlowError
from client.backends.expected_model import ExpectedModel
from client.backends.tf_serving import ServingModel
from testing.client import hostile_grpc, hostile_rest
from testing.client.hostile_grpc import Answer, reply
from testing.models import quadrants

pytestmark = pytest.mark.usefixtures("no_pauses")

PICTURE = quadrants.encoded(quadrants.red_at(0))


def ask(answer: Answer, timeout: float = 5.0, compressed: bool = False) -> Any:
    with hostile_grpc.serve(answer, compressed=compressed) as url:
        model = ServingModel(parse_address(url), ExpectedModel(), timeout)
        return model.predict([PICTURE] * 2, None)


def refusal(answer: Answer, **options: Any) -> str:
    """Returns the only line that a user sees."""
    with pytest.raises(ServerError) as refused:
        ask(answer, **options)
    message = str(refused.value)
    assert message.isprintable()
    assert len(message) < 1000
    return message


def always(**changes: Any) -> Answer:
    return lambda number, count, context: reply(count, **changes)


def aborting(code: grpc.StatusCode, words: str) -> Answer:
    def answer(number: int, count: int, context: grpc.ServicerContext) -> Any:
        context.abort(code, words)

    return answer


def with_shape(tensor: Any, *shape: int) -> Any:
    del tensor.tensor_shape.dim[:]
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    return tensor


def test_the_sound_server_of_these_tests_is_understood() -> None:
    answers = ask(always())
    assert [r.mood for r in answers] == ["화남/불쾌"] * 2
    # As a servable of before.
    assert [r.unsure for r in answers] == [None] * 2


def test_each_answer_says_whether_it_is_unsure() -> None:
    def answer(number: int, count: int, context: grpc.ServicerContext) -> Any:
        return reply(count, unsure=tf.make_tensor_proto([True, False][:count]))

    assert [r.unsure for r in ask(answer)] == [True, False]


FLOATS = tf.make_tensor_proto([[0.5, 0.5]], tf.float32)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": None}, "no status"),
        ({"status": tf.make_tensor_proto([1])}, "the output status of type 3"),
        ({"mood": tf.make_tensor_proto([[b"a"]])}, r"shape [1, 1] for 1 pictures"),
        ({"mood": tf.make_tensor_proto([b"\xff"])}, "utf-8"),
        ({"mood": tf.make_tensor_proto([b"another"])}, "the mood 'another'"),
        ({"moods": tf.make_tensor_proto([b"a"])}, "the output moods"),
        ({"moods": tf.make_tensor_proto([[b"a\x1b[2J", b"b"]])}, "all of them printable"),
        ({"probabilities": tf.make_tensor_proto([[0.5, 0.5]], tf.float64)}, "type 2"),
        ({"probabilities": tf.make_tensor_proto([[0.5]], tf.float32)}, "shape [1, 1]"),
        ({"probabilities": tf.make_tensor_proto([[5e9, 0.0]], tf.float32)}, "probability 5e+09"),
        (
            {
                "moods": tf.make_tensor_proto([[b"a"] * 1001]),
                "probabilities": tf.make_tensor_proto([[0.0] * 1001], tf.float32),
            },
            "shape [1, 1001]",
        ),
        ({"unsure": tf.make_tensor_proto([1])}, "the output unsure of type 3"),
        ({"unsure": tf.make_tensor_proto([[True]])}, "shape [1, 1] for 1 pictures"),
    ],
    ids=range(13),
)
def test_an_output_of_another_form_is_refused(changes: dict[str, Any], said: str) -> None:
    message = refusal(always(**changes))
    assert "does not return the outputs of this project's models" in message
    assert said in message


@pytest.mark.parametrize("shape", [(600_000_000,), (1, 600_000_000), (1 << 40,), (-1, 2), ()])
def test_a_shape_is_compared_before_anything_of_its_size_is_made(shape: tuple[int, ...]) -> None:
    tensor = tf.make_tensor_proto([0.5], tf.float32)
    before = psutil.Process().memory_info().rss
    assert "the output probabilities" in refusal(always(probabilities=with_shape(tensor, *shape)))
    assert psutil.Process().memory_info().rss - before < 64 << 20


def test_an_output_that_nobody_asked_for_is_not_unpacked() -> None:
    other = with_shape(tf.make_tensor_proto([0.5], tf.float32), 600_000_000)
    before = psutil.Process().memory_info().rss
    assert len(ask(always(other=other))) == 2
    assert psutil.Process().memory_info().rss - before < 64 << 20


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
def test_an_answer_beyond_the_limit_is_refused(compressed: bool) -> None:
    large = tf.make_tensor_proto(np.zeros(8 << 20, np.float32))
    before = psutil.Process().memory_info().rss
    message = refusal(always(other=large), compressed=compressed)
    if not compressed:
        assert "more bytes than any answer to this request has" in message
    # The server is in the same process.
    assert psutil.Process().memory_info().rss - before < 160 << 20


def test_a_server_that_changes_its_moods_is_refused() -> None:
    def answer(number: int, count: int, context: grpc.ServicerContext) -> Any:
        return reply(count, ("공포", "화남/불쾌") if number else hostile_rest.MOODS)

    message = refusal(answer)
    assert "the moods ['공포', '화남/불쾌'], where its first answer had ['화남/불쾌'" in message


@pytest.mark.parametrize("count", [0, 1, 3])
def test_another_number_of_predictions_is_refused(count: int) -> None:
    def answer(number: int, asked: int, context: grpc.ServicerContext) -> Any:
        return reply(count or 1) if number else reply(asked)

    assert f"shape [{count or 1}] for 2 pictures" in refusal(answer)


def test_the_words_of_a_server_are_shown_with_escapes_and_cut_short() -> None:
    message = refusal(aborting(grpc.StatusCode.INTERNAL, "\x1b]0;x\x07\x1b[2J\n" + "x" * 5000))
    assert r"\x1b]0;x\x07\x1b[2J\n" in message
    assert message.endswith("x…")


@pytest.mark.parametrize(
    "code", [grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED]
)
def test_a_server_that_asks_who_is_there_is_told_how(code: grpc.StatusCode) -> None:
    assert "--token-file" in refusal(aborting(code, "no"))


def test_a_server_that_never_answers_ends_at_the_deadline() -> None:
    start = time.monotonic()
    with hostile_rest.silent() as url, pytest.raises(SlowError):
        address = parse_address(url.replace("http", "grpc"))
        ServingModel(address, ExpectedModel(), 0.5)
    assert time.monotonic() - start < 3


def test_a_web_server_is_no_grpc_server() -> None:
    with hostile_rest.serve(hostile_rest.always(b"{}")) as url, pytest.raises(ServerError) as e:
        ServingModel(parse_address(url.replace("http", "grpc")), ExpectedModel(), 2.0)
    assert str(e.value).isprintable()
