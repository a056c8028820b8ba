"""A model on a Vertex AI endpoint, which a stand-in of its REST interface plays."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from client.backends.address import parse_address
from client.backends.connection import Connection
from client.backends.errors import ServerError
from client.backends.expected_model import ExpectedModel
from client.backends.tf_serving import ServingModel
from dataset.boxes import PixelBox
from testing.models import quadrants
from testing.serving import fake_rest, vertex_endpoint
from testing.serving.fake_serving import FakeServing, HandledRequest

RED = [quadrants.encoded(quadrants.red_at(quadrant)) for quadrant in range(4)]


@pytest.fixture(scope="module")
def serving(versions: Path) -> FakeServing:
    return FakeServing("pet_mood", versions)


@pytest.fixture(scope="module")
def endpoint(serving: FakeServing) -> Iterator[tuple[str, list[str]]]:
    with (
        fake_rest.serve_rest(serving) as container,
        vertex_endpoint.serve(container) as served,
    ):
        yield served


def model_at(url: str, token: str = vertex_endpoint.TOKEN) -> ServingModel:
    return ServingModel(parse_address(url), ExpectedModel(), 60.0, Connection(token=token))


@pytest.mark.slow
def test_pictures_go_to_predict_and_boxes_to_the_signature_that_takes_them(
    endpoint: tuple[str, list[str]], serving: FakeServing
) -> None:
    url, calls = endpoint
    model = model_at(url)
    assert model.info.mood_names == quadrants.MOODS
    calls.clear()
    serving.handled.clear()
    assert [each.mood for each in model.predict(RED, None)] == [*quadrants.MOODS]
    boxes = [PixelBox(0, 0, 32, 32)] * 4
    assert [each.mood for each in model.predict(RED, boxes)] == [*quadrants.MOODS]
    assert calls == ["predict", "rawPredict"]
    assert [request.signature for request in serving.handled] == ["serving_default", "serve_box"]
    assert serving.handled[0] == HandledRequest("serving_default", 10, 4)


@pytest.mark.slow
def test_a_request_is_kept_below_the_endpoints_limit_and_a_large_photo_spares_the_others(
    endpoint: tuple[str, list[str]],
) -> None:
    model = model_at(endpoint[0])
    noise = quadrants.np.random.default_rng(1).integers(0, 256, (700, 700, 3), "uint8")
    large = quadrants.encoded(noise, "BMP")  # 1.47 MB, 1.96 in base64.
    medium = quadrants.encoded(noise[:400, :400], "BMP")  # 0.48 MB, 0.64 in base64.
    responses = model.predict([RED[0], medium, large, medium, medium, RED[3]], None)
    assert [each.status for each in responses] == [
        "ok", "ok", "request_too_large", "ok", "ok", "ok",
    ]  # fmt: skip
    assert (responses[0].mood, responses[5].mood) == (quadrants.MOODS[0], quadrants.MOODS[3])


def test_googles_errors_are_told_in_their_words(endpoint: tuple[str, list[str]]) -> None:
    url, _ = endpoint
    with pytest.raises(ServerError, match=r"invalid authentication credentials.*--token-file"):
        model_at(url, token="expired")
    with pytest.raises(ServerError, match="The requested endpoint was not found"):
        model_at(url.replace("endpoints/42", "endpoints/43"))
