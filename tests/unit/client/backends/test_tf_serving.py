"""A model on a server, asked over gRPC and over REST, in good days and bad."""

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
from client.backends.weight_path import info_of
from dataset.boxes import PixelBox
from schemas.errors import ConfigError
from testing.models import quadrants as samples
from testing.serving import double as serving_double
from testing.serving.double import Asked, RefusalError, Serving

MOODS = samples.MOODS
RED = [samples.encoded(samples.red_at(quadrant)) for quadrant in range(4)]
BUSY = RefusalError(grpc.StatusCode.UNAVAILABLE, "The batch scheduling queue is full")
STATUS = grpc.StatusCode


@pytest.fixture(scope="module")
def loaded(versions: Path) -> Serving:
    return Serving("pet_mood", versions, {"stable": 9, "canary": 10})


@pytest.fixture(scope="module", params=["grpc", "http"])
def url(request: pytest.FixtureRequest, loaded: Serving) -> Iterator[str]:
    over = {"grpc": serving_double.over_grpc, "http": serving_double.over_rest}[request.param]
    with over(loaded) as address:
        yield address


@pytest.fixture
def serving(loaded: Serving, monkeypatch: pytest.MonkeyPatch) -> Serving:
    """The server as it should be, and attempts without a pause."""
    monkeypatch.setattr(tf_serving, "WAIT", tenacity.wait_none())
    loaded.faults, loaded.asked, loaded.seconds = [], [], 0.0
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


def test_a_server_tells_its_moods_in_order(url: str, serving: Serving) -> None:
    model = model_at(url)
    assert model.info.moods == MOODS
    assert model.info.source == url


def test_several_pictures_are_one_request_and_keep_their_order(url: str, serving: Serving) -> None:
    model = model_at(url)
    responses = model.predict([*RED, b"broken", RED[2]], None)
    assert [response.mood for response in responses] == [*MOODS, "", MOODS[2]]
    assert responses[4].status == "image_unreadable"
    assert responses[0].probabilities[MOODS[0]] == pytest.approx(samples.SURE, abs=1e-5)
    assert serving.asked[1:] == [Asked("serving_default", 10, 6)]


def test_a_server_answers_as_the_version_itself_does(
    url: str, serving: Serving, version: Path
) -> None:
    pictures = [samples.encoded(samples.mottled(90, 120, seed), "JPEG") for seed in range(3)]
    boxes = [PixelBox(10, 20, 60, 80), PixelBox(0, 0, 91, 9), PixelBox(5, 5, 9, 9)]
    there, here = model_at(url), SavedModel(version, info_of(version))
    assert [r.status for r in there.predict(pictures, boxes)] == ["ok", "box_outside_image", "ok"]
    for asked in (None, boxes):
        for ours, theirs in zip(
            here.predict(pictures, asked), there.predict(pictures, asked), strict=True
        ):
            assert (ours.status, ours.mood) == (theirs.status, theirs.mood)
            assert [*ours.probabilities.values()] == pytest.approx(
                [*theirs.probabilities.values()], rel=1e-6
            )


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
    url: str, serving: Serving, path: str, version: int
) -> None:
    model_at(url + path)
    assert serving.asked == [Asked("serving_default", version, 1)]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/v1/models/pet_mod", r"no such model.*Latest\(pet_mod\)"),
        ("/v1/models/pet_mood/versions/8", r"no such model.*Specific\(pet_mood, 8\)"),
        ("/v1/models/pet_mood/labels/beta", "refused.*Unrecognized servable version label: beta"),
    ],
)
def test_what_is_not_served_is_told_at_once(
    url: str, serving: Serving, path: str, words: str
) -> None:
    with pytest.raises(ServerError, match=words) as refused:
        model_at(url + path)
    assert str(refused.value).startswith(url)
    assert not isinstance(refused.value, BusyError)


@pytest.mark.parametrize("code", [STATUS.UNAVAILABLE, STATUS.RESOURCE_EXHAUSTED])
def test_a_busy_server_is_asked_again(url: str, serving: Serving, code: grpc.StatusCode) -> None:
    model = model_at(url)
    serving.faults = [RefusalError(code, "no room")] * 5
    assert [response.mood for response in model.predict(RED, None)] == list(MOODS)
    assert serving.faults == []


def test_a_server_that_stays_busy_is_given_up_on_after_six_attempts(
    url: str, serving: Serving
) -> None:
    model = model_at(url)
    serving.faults = [BUSY] * 7
    with pytest.raises(BusyError, match=r"does not take requests: .*queue is full"):
        model.predict(RED, None)
    assert len(serving.faults) == 1


@pytest.mark.parametrize("code", [STATUS.INTERNAL, STATUS.INVALID_ARGUMENT, STATUS.NOT_FOUND])
def test_what_asking_again_does_not_mend_is_not_asked_again(
    url: str, serving: Serving, code: grpc.StatusCode
) -> None:
    model = model_at(url)
    serving.faults = [RefusalError(code, "some words")] * 2
    with pytest.raises(ServerError, match="some words"):
        model.predict(RED, None)
    assert len(serving.faults) == 1


def test_attempts_are_spread_at_random_over_longer_and_longer_pauses() -> None:
    state = tenacity.RetryCallState(None, None, (), {})  # type: ignore[arg-type]
    for attempt, longest in enumerate((0.5, 1, 2, 4, 5), start=1):
        state.attempt_number = attempt
        pauses = [tf_serving.WAIT(state) for _ in range(200)]
        assert 0 <= min(pauses) < longest / 4
        assert longest * 3 / 4 < max(pauses) <= longest


def test_a_server_that_is_too_slow_is_told_with_the_limit(url: str, serving: Serving) -> None:
    model = model_at(url, timeout=0.3)
    serving.seconds = 0.8
    with pytest.raises(SlowError, match=r"not answered 4 pictures within 0\.3 s.*--timeout"):
        model.predict(RED, None)
    serving.seconds = 0.0
    assert model.predict(RED[:1], None)[0].mood == MOODS[0]


@pytest.mark.parametrize("scheme", ["grpc", "http"])
def test_where_nobody_listens_is_told_with_what_to_do(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tf_serving, "WAIT", tenacity.wait_none())
    address = f"{scheme}://127.0.0.1:{free_port()}"
    with pytest.raises(BusyError, match=r"does not take requests.*TensorFlow Serving runs there"):
        model_at(address, timeout=2)


@pytest.mark.parametrize("boxes", [None, [PixelBox(0, 0, 32, 32)] * 5])
def test_a_batch_that_the_server_does_not_take_is_asked_in_halves(
    url: str, serving: Serving, boxes: list[PixelBox] | None
) -> None:
    model = model_at(url)
    serving.max_batch_size = 2
    responses = model.predict([*RED, RED[1]], boxes)
    assert [response.mood for response in responses] == [*MOODS, MOODS[1]]
    assert [asked.pictures for asked in serving.asked[1:]] == [2, 1, 2]


def test_a_picture_that_is_too_large_even_alone_costs_its_own_answer(
    url: str, serving: Serving
) -> None:
    model = model_at(url)
    large = samples.encoded(samples.mottled(300, 300), "BMP")
    serving.max_bytes = 100_000
    responses = model.predict([RED[3], large, RED[1]], None)
    assert [response.status for response in responses] == ["ok", "request_too_large", "ok"]
    assert [response.mood for response in responses] == [MOODS[3], "", MOODS[1]]


def test_a_request_holds_no_more_bytes_than_the_limit(
    url: str, serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = model_at(url)
    monkeypatch.setattr(tf_serving, "MAX_REQUEST_BYTES", 2 * max(map(len, RED)))
    assert [response.mood for response in model.predict(RED, None)] == list(MOODS)
    assert [asked.pictures for asked in serving.asked[1:]] == [2, 2]


def test_a_model_of_another_kind_is_told(url: str, serving: Serving) -> None:
    one = {"score": samples.np.ones(1, samples.np.float32)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serving, "predict", lambda *arguments: (1, one))
        with pytest.raises(ServerError, match="answers as another model"):
            model_at(url)


def test_flags_must_agree_with_the_server(url: str, serving: Serving) -> None:
    with pytest.raises(ConfigError, match="--input_size must be left out with --server"):
        model_at(url, expected=ExpectedModel(input_size=224))
    with pytest.raises(ConfigError, match=rf"--classes 6; but {url} tells 4 moods apart"):
        model_at(url, expected=ExpectedModel(classes=6))


def test_many_may_ask_at_once(url: str, serving: Serving) -> None:
    model = model_at(url)
    told: dict[int, list[str]] = {}

    def predict(place: int) -> None:
        told[place] = [r.mood for r in model.predict([RED[place % 4]] * (1 + place), None)]

    threads = [threading.Thread(target=predict, args=(place,)) for place in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == {place: [MOODS[place % 4]] * (1 + place) for place in range(8)}


def test_another_web_server_is_told_apart(serving: Serving) -> None:
    with (
        serving_double.over_rest(serving) as address,
        pytest.raises(ServerError, match=r"404 Not Found: Malformed request: POST /other/v1"),
    ):
        model_at(f"{address}/other/v1/models/pet_mood")
