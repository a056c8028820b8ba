"""A model on a server over gRPC and over REST, with and without faults."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
import tenacity

from client.backends import tf_serving
from client.backends.address import parse_address
from client.backends.errors import BusyError, ServerError, SlowError
from client.backends.expected_model import ExpectedModel
from client.backends.saved_model import SavedModel
from client.backends.tf_serving import ServingModel
from client.backends.weight_path import read_model_info
from dataset.boxes import PixelBox
from schemas.errors import ConfigError
from testing.models import quadrants
from testing.serving import fake_grpc, fake_rest
from testing.serving.fake_serving import FakeServing, HandledRequest, RefusalError

MOODS = quadrants.MOODS
RED = [quadrants.encoded(quadrants.red_at(quadrant)) for quadrant in range(4)]
BUSY = RefusalError(grpc.StatusCode.UNAVAILABLE, "The batch scheduling queue is full")
STATUS = grpc.StatusCode


@pytest.fixture(scope="module")
def loaded(versions: Path) -> FakeServing:
    return FakeServing("pet_mood", versions, {"stable": 9, "canary": 10})


@pytest.fixture(scope="module", params=["grpc", "http"])
def url(request: pytest.FixtureRequest, loaded: FakeServing) -> Iterator[str]:
    serve = {"grpc": fake_grpc.serve_grpc, "http": fake_rest.serve_rest}[request.param]
    with serve(loaded) as address:
        yield address


@pytest.fixture
def serving(loaded: FakeServing, monkeypatch: pytest.MonkeyPatch) -> FakeServing:
    """The server without faults, and attempts without a pause."""
    monkeypatch.setattr(tf_serving, "WAIT", tenacity.wait_none())
    loaded.faults, loaded.handled, loaded.seconds = [], [], 0.0
    loaded.max_batch_size = loaded.max_bytes = None
    return loaded


def model_at(
    url: str, timeout: float = 20.0, expected: ExpectedModel | None = None
) -> ServingModel:
    return ServingModel(parse_address(url), expected or ExpectedModel(), timeout)


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.slow
def test_the_moods_of_a_server_are_in_order(url: str, serving: FakeServing) -> None:
    model = model_at(url)
    assert model.info.mood_names == MOODS
    assert model.info.source == url


def test_several_pictures_are_one_request_and_keep_their_order(
    url: str, serving: FakeServing
) -> None:
    model = model_at(url)
    responses = model.predict([*RED, b"broken", RED[2]], None)
    assert [response.mood for response in responses] == [*MOODS, "", MOODS[2]]
    assert responses[4].status == "image_unreadable"
    assert responses[0].probabilities[MOODS[0]] == pytest.approx(
        quadrants.RED_PROBABILITY, abs=1e-5
    )
    assert serving.handled[1:] == [HandledRequest("serving_default", 10, 6)]


@pytest.mark.slow
def test_a_server_predicts_as_the_version_itself_does(
    url: str, serving: FakeServing, version: Path
) -> None:
    pictures = [quadrants.encoded(quadrants.mottled(90, 120, seed), "JPEG") for seed in range(3)]
    boxes = [PixelBox(10, 20, 60, 80), PixelBox(0, 0, 91, 9), PixelBox(5, 5, 9, 9)]
    remote, local = model_at(url), SavedModel(version, read_model_info(version))
    assert [r.status for r in remote.predict(pictures, boxes)] == ["ok", "box_outside_image", "ok"]
    for boxes_or_none in (None, boxes):
        for expected, response in zip(
            local.predict(pictures, boxes_or_none),
            remote.predict(pictures, boxes_or_none),
            strict=True,
        ):
            assert (response.status, response.mood) == (expected.status, expected.mood)
            assert [*response.probabilities.values()] == pytest.approx(
                [*expected.probabilities.values()], rel=1e-6
            )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "version"),
    [
        ("", 10),
        ("/v1/models/pet_mood/versions/9", 9),
        ("/v1/models/pet_mood/labels/stable", 9),
        ("/v1/models/pet_mood/labels/canary", 10),
    ],
)
def test_a_version_or_a_label_can_be_named(
    url: str, serving: FakeServing, path: str, version: int
) -> None:
    model_at(url + path)
    assert serving.handled == [HandledRequest("serving_default", version, 1)]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/v1/models/pet_mod", r"no such model.*Latest\(pet_mod\)"),
        ("/v1/models/pet_mood/versions/8", r"no such model.*Specific\(pet_mood, 8\)"),
        ("/v1/models/pet_mood/labels/beta", "refused.*Unrecognized servable version label: beta"),
    ],
)
def test_a_model_that_is_not_served_is_reported_at_once(
    url: str, serving: FakeServing, path: str, message: str
) -> None:
    with pytest.raises(ServerError, match=message) as refused:
        model_at(url + path)
    assert str(refused.value).startswith(url)
    assert not isinstance(refused.value, BusyError)


@pytest.mark.parametrize("code", [STATUS.UNAVAILABLE, STATUS.RESOURCE_EXHAUSTED])
def test_a_request_to_a_busy_server_is_repeated(
    url: str, serving: FakeServing, code: grpc.StatusCode
) -> None:
    model = model_at(url)
    serving.faults = [RefusalError(code, "no room")] * 5
    assert [response.mood for response in model.predict(RED, None)] == list(MOODS)
    assert serving.faults == []


def test_a_server_that_stays_busy_is_given_up_on_after_six_attempts(
    url: str, serving: FakeServing
) -> None:
    model = model_at(url)
    serving.faults = [BUSY] * 7
    with pytest.raises(BusyError, match=r"does not take requests: .*queue is full"):
        model.predict(RED, None)
    assert len(serving.faults) == 1


@pytest.mark.parametrize("code", [STATUS.INTERNAL, STATUS.INVALID_ARGUMENT, STATUS.NOT_FOUND])
def test_other_errors_are_not_repeated(
    url: str, serving: FakeServing, code: grpc.StatusCode
) -> None:
    model = model_at(url)
    serving.faults = [RefusalError(code, "some text")] * 2
    with pytest.raises(ServerError, match="some text"):
        model.predict(RED, None)
    assert len(serving.faults) == 1


def test_attempts_are_spread_at_random_over_longer_and_longer_pauses() -> None:
    state = tenacity.RetryCallState(None, None, (), {})  # type: ignore[arg-type]
    for attempt, longest in enumerate((0.5, 1, 2, 4, 5), start=1):
        state.attempt_number = attempt
        pauses = [tf_serving.WAIT(state) for _ in range(200)]
        assert 0 <= min(pauses) < longest / 4
        assert longest * 3 / 4 < max(pauses) <= longest


def test_the_error_of_a_slow_server_names_the_limit(url: str, serving: FakeServing) -> None:
    model = model_at(url, timeout=0.3)
    serving.seconds = 0.8
    with pytest.raises(SlowError, match=r"not answered 4 pictures within 0\.3 s.*--timeout"):
        model.predict(RED, None)
    serving.seconds = 0.0
    assert model.predict(RED[:1], None)[0].mood == MOODS[0]


@pytest.mark.parametrize("scheme", ["grpc", "http"])
def test_the_error_where_no_server_listens_has_a_remedy(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tf_serving, "WAIT", tenacity.wait_none())
    address = f"{scheme}://127.0.0.1:{free_port()}"
    with pytest.raises(BusyError, match=r"does not take requests.*TensorFlow Serving runs there"):
        model_at(address, timeout=2)


@pytest.mark.slow
@pytest.mark.parametrize("boxes", [None, [PixelBox(0, 0, 32, 32)] * 5])
def test_a_batch_that_is_too_large_for_the_server_is_halved(
    url: str, serving: FakeServing, boxes: list[PixelBox] | None
) -> None:
    model = model_at(url)
    serving.max_batch_size = 2
    responses = model.predict([*RED, RED[1]], boxes)
    assert [response.mood for response in responses] == [*MOODS, MOODS[1]]
    assert [request.num_pictures for request in serving.handled[1:]] == [2, 1, 2]


def test_a_picture_that_is_too_large_even_alone_spares_the_others(
    url: str, serving: FakeServing
) -> None:
    model = model_at(url)
    large = quadrants.encoded(quadrants.mottled(300, 300), "BMP")
    serving.max_bytes = 100_000
    responses = model.predict([RED[3], large, RED[1]], None)
    assert [response.status for response in responses] == ["ok", "request_too_large", "ok"]
    assert [response.mood for response in responses] == [MOODS[3], "", MOODS[1]]


def test_a_request_holds_no_more_bytes_than_the_limit(
    url: str, serving: FakeServing, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = model_at(url)
    monkeypatch.setattr(tf_serving, "MAX_REQUEST_BYTES", 2 * max(map(len, RED)))
    assert [response.mood for response in model.predict(RED, None)] == list(MOODS)
    assert [request.num_pictures for request in serving.handled[1:]] == [2, 2]


def test_a_model_of_another_kind_is_an_error(url: str, serving: FakeServing) -> None:
    outputs = {"score": quadrants.np.ones(1, quadrants.np.float32)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serving, "predict", lambda *arguments: (1, outputs))
        with pytest.raises(
            ServerError, match="does not return the outputs of this project's models"
        ):
            model_at(url)


def test_flags_must_agree_with_the_server(url: str, serving: FakeServing) -> None:
    with pytest.raises(ConfigError, match="--input_size must be left out with --server"):
        model_at(url, expected=ExpectedModel(input_size=224))
    with pytest.raises(ConfigError, match=rf"--classes 6; but {url} has 4 moods"):
        model_at(url, expected=ExpectedModel(classes=6))


def test_several_threads_may_predict_at_once(url: str, serving: FakeServing) -> None:
    model = model_at(url)
    moods: dict[int, list[str]] = {}

    def predict(index: int) -> None:
        moods[index] = [r.mood for r in model.predict([RED[index % 4]] * (1 + index), None)]

    threads = [threading.Thread(target=predict, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert moods == {index: [MOODS[index % 4]] * (1 + index) for index in range(8)}


def test_another_web_server_is_recognised(serving: FakeServing) -> None:
    with (
        fake_rest.serve_rest(serving) as address,
        pytest.raises(ServerError, match=r"404 Not Found: Malformed request: POST /other/v1"),
    ):
        model_at(f"{address}/other/v1/models/pet_mood")
