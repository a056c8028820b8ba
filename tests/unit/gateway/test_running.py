"""The gateway's servers: gRPC, clients that leave, queues, and a server behind that restarts."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import httpx
import pytest

from client.backends.address import parse_address
from client.backends.connection import Connection
from gateway.calls import Call, Target
from gateway.entry.access import Tokens, _hashed
from gateway.forms import messages
from gateway.forms.grpc import call_message, parsed_answer
from gateway.service import Service
from gateway.settings import LimitSettings
from gateway.upstream.grpc import GrpcUpstream
from gateway.upstream.interface import RejectedError, UnavailableError
from gateway.upstream.rest import RestUpstream
from testing.gateway.fake_upstream import NEW_OUTPUTS, PHOTO, ROW, FakeUpstream, encoded, service
from testing.gateway.running import RunningGateway, result_of, running
from testing.webdemo.running import wait_until

CALL = Call("serve_box", {"image_bytes": [PHOTO, b"x"], "box": [[1, 2, 3, 4], [5, 6, 7, 8]]})
ROWS = [ROW | NEW_OUTPUTS] * 2


def upstream_of(gateway: RunningGateway, kind: str, timeout: float = 10) -> Any:
    """Returns a connection to a gateway, which looks like TensorFlow Serving from outside."""
    address = gateway.grpc_address if kind == "grpc" else gateway.address
    make: Callable[..., Any] = GrpcUpstream if kind == "grpc" else RestUpstream
    return make(parse_address(address), timeout, Connection())


async def asked(upstream: Any, call: Call, target: Target) -> Any:
    try:
        return await upstream.predict(call, target)
    finally:
        await upstream.close()


@pytest.mark.parametrize("kind", ["rest", "grpc"])
def test_a_call_comes_through_both_forms_unchanged(kind: str) -> None:
    fake = FakeUpstream(ROW | NEW_OUTPUTS)
    with running(lambda: service(fake)) as gateway:
        answer = result_of(lambda: asked(upstream_of(gateway, kind), CALL, Target(label="stable")))
    assert (answer.version, list(answer.rows)) == (7, ROWS)
    ((call, target),) = fake.calls
    assert call == CALL
    # REST asks for the version behind a label first, and then for that version.
    assert target == (Target(7) if kind == "rest" else Target(label="stable"))


@pytest.mark.parametrize("kind", ["rest", "grpc"])
def test_the_state_of_the_server_is_read(kind: str) -> None:
    async def read(upstream: Any) -> Any:
        try:
            return await upstream.current_version(Target()), list(await upstream.states())
        finally:
            await upstream.close()

    with running(lambda: service(FakeUpstream())) as gateway:
        assert result_of(lambda: read(upstream_of(gateway, kind))) == (7, [(7, "AVAILABLE")])


@pytest.mark.parametrize("kind", ["rest", "grpc"])
def test_a_call_that_the_server_rejects_has_its_words(kind: str) -> None:
    with (
        running(lambda: service(FakeUpstream(), LimitSettings(photos=1))) as gateway,
        pytest.raises(RejectedError) as rejected,
    ):
        result_of(lambda: asked(upstream_of(gateway, kind), CALL, Target()))
    assert "1 to 1 rows" in rejected.value.public


def test_a_version_that_is_replaced_is_found_again() -> None:
    """Between the question for the version and the call, the version is taken away."""
    fake = FakeUpstream()

    async def ask_twice(upstream: Any) -> list[int]:
        first = await upstream.predict(CALL, Target())
        fake.version = 8
        second = await upstream.predict(CALL, Target())
        await upstream.close()
        return [first.version, second.version]

    with running(lambda: service(fake)) as gateway:
        assert result_of(lambda: ask_twice(upstream_of(gateway, "rest"))) == [7, 8]


@pytest.mark.parametrize("kind", ["rest", "grpc"])
def test_a_restart_of_the_server_costs_503_with_a_time_and_then_answers_again(kind: str) -> None:
    def front(behind: RunningGateway) -> Callable[[], Service]:
        return lambda: service(upstream_of(behind, kind))

    with running(lambda: service(FakeUpstream())) as first:
        port, grpc_port = first.port, int(first.grpc_address.rpartition(":")[2])
        with running(front(first)) as gateway:

            def post() -> httpx.Response:
                return httpx.post(f"{gateway.address}/v1/mood", content=PHOTO, timeout=20)

            assert post().status_code == 200
            first.stop()
            response = post()
            assert (response.status_code, response.headers["retry-after"]) == (503, "2")
            assert httpx.get(f"{gateway.address}/readyz").status_code == 503
            with running(lambda: service(FakeUpstream()), port, grpc_port):
                wait_until(lambda: post().status_code == 200, 10)
                assert httpx.get(f"{gateway.address}/readyz").status_code == 200


def test_a_client_that_leaves_stops_its_work() -> None:
    fake = FakeUpstream()
    fake.seconds = 30
    with running(lambda: service(fake)) as gateway:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{gateway.address}/v1/mood", content=PHOTO, timeout=0.5)
        wait_until(lambda: fake.cancelled == 1)
        wait_until(lambda: gateway.service.outcomes.counts["hung_up"] == 1)


def test_more_requests_than_there_is_room_for_are_refused() -> None:
    fake = FakeUpstream()
    fake.seconds = 1.0
    limits = LimitSettings(at_work=1, waiting=1, waiting_seconds=5)
    with running(lambda: service(fake, limits)) as gateway, ThreadPoolExecutor(3) as pool:

        def post(_: int) -> int:
            return httpx.post(f"{gateway.address}/v1/mood", content=PHOTO).status_code

        assert sorted(pool.map(post, range(3))) == [200, 200, 503]


def test_a_wait_for_a_turn_has_an_end() -> None:
    fake = FakeUpstream()
    fake.seconds = 1.0
    limits = LimitSettings(at_work=1, waiting=5, waiting_seconds=0.1)
    with running(lambda: service(fake, limits)) as gateway, ThreadPoolExecutor(2) as pool:

        def post(_: int) -> int:
            return httpx.post(f"{gateway.address}/v1/mood", content=PHOTO).status_code

        assert sorted(pool.map(post, range(2))) == [200, 503]


def grpc_codes(gateway: RunningGateway, method: str, request: bytes, **metadata: str) -> str:
    with grpc.insecure_channel(gateway.grpc_address.removeprefix("grpc://")) as channel:
        try:
            channel.unary_unary(method)(request, timeout=10, metadata=tuple(metadata.items()))
        except grpc.RpcError as error:
            return str(error.code().name)
    return "OK"


def test_grpc_lets_through_predictions_with_a_token_and_nothing_else() -> None:
    tokens = Tokens({_hashed("t" * 32): "app"})
    limits = LimitSettings(photo_pixels=109, upload_bytes=100_000)
    good = {"authorization": "Bearer " + "t" * 32}
    reload_config = "/tensorflow.serving.ModelService/HandleReloadConfigRequest"
    message = call_message(CALL._replace(inputs={**CALL.inputs, "image_bytes": [b"a", b"x"]}),
                           "pet_mood", Target())  # fmt: skip
    large = call_message(
        Call("serving_default", {"image_bytes": [encoded("PNG", (11, 10))]}), "pet_mood", Target()
    )
    with running(lambda: service(FakeUpstream(), limits, tokens)) as gateway:
        for method, request, metadata, code in (
            (messages.PREDICT, message.SerializeToString(), good, "OK"),
            (messages.PREDICT, message.SerializeToString(), {}, "UNAUTHENTICATED"),
            (messages.STATUS, b"", {}, "UNAUTHENTICATED"),
            (messages.PREDICT, large.SerializeToString(), good, "RESOURCE_EXHAUSTED"),
            (messages.PREDICT, bytes(100_001), good, "RESOURCE_EXHAUSTED"),
            (messages.PREDICT, b"", good, "NOT_FOUND"),
            (reload_config, b"", good, "UNIMPLEMENTED"),
        ):
            assert grpc_codes(gateway, method, request, **metadata) == code


def test_an_answer_over_grpc_has_the_outputs_that_were_asked_for() -> None:
    request = call_message(CALL, "pet_mood", Target())
    request.output_filter.extend(["mood", "found"])
    with running(lambda: service(FakeUpstream(ROW | NEW_OUTPUTS))) as gateway:
        address = gateway.grpc_address.removeprefix("grpc://")
        with grpc.insecure_channel(address) as channel:
            data = channel.unary_unary(messages.PREDICT)(request.SerializeToString(), timeout=10)
    rows = parsed_answer(messages.PredictResponse.FromString(data), 2).rows
    assert list(rows) == [{"mood": ROW["mood"], "found": 0.5}] * 2


def test_a_server_that_is_not_there_is_unavailable() -> None:
    address = parse_address("http://127.0.0.1:9")
    with pytest.raises(UnavailableError):
        result_of(lambda: asked(RestUpstream(address, 5, Connection()), CALL, Target()))


def test_a_call_without_a_token_is_refused_before_its_message_is_read() -> None:
    """The library would take all of it: eighty strangers' messages of 32 MiB need gigabytes."""
    tokens = Tokens({_hashed("0123456789abcdef"): "me"})
    request = call_message(CALL, "pet_mood", Target()).SerializeToString()
    ended = threading.Event()
    with running(lambda: service(FakeUpstream(), tokens=tokens)) as gateway:
        with grpc.insecure_channel(gateway.grpc_address.removeprefix("grpc://")) as channel:

            def never() -> Any:
                ended.wait(10)
                yield request

            # The client has called and sends no message; who waited for it would be late.
            call = channel.stream_unary(messages.PREDICT).future(never(), timeout=5)
            assert call.code() is grpc.StatusCode.UNAUTHENTICATED
            ended.set()
        method = messages.PREDICT
        assert grpc_codes(gateway, method, request, authorization="Bearer 0123456789abcdef") == "OK"


def test_messages_beyond_the_room_for_all_are_put_off() -> None:
    limits = LimitSettings(all_uploads_bytes=1024)
    request = call_message(
        Call("serving_default", {"image_bytes": [b"x" * 2000]}), "pet_mood", Target()
    )
    with running(lambda: service(FakeUpstream(), limits)) as gateway:
        code = grpc_codes(gateway, messages.PREDICT, request.SerializeToString())
    assert code == "UNAVAILABLE"
