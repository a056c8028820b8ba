"""The gateway's HTTP interface, around a model that needs no TensorFlow."""

import io

import pytest
from openapi_spec_validator import validate
from PIL import Image
from starlette.testclient import TestClient

from gateway.calls import Answer, Call, Target
from gateway.entry.access import Tokens, _hashed
from gateway.entry.app import create_app
from gateway.service import Service
from gateway.settings import LimitSettings
from gateway.upstream.interface import SlowError, UnavailableError, UpstreamError
from testing.gateway.fake_upstream import (
    MOODS,
    NEW_OUTPUTS,
    PHOTO,
    ROW,
    FakeUpstream,
    encoded,
    service,
)

TOKENS = Tokens({_hashed("t" * 32): "app"})


def client(one: Service, base: str = "http://127.0.0.1") -> TestClient:
    return TestClient(create_app(one), base)


def test_a_photo_without_a_box_is_asked_of_the_whole_picture() -> None:
    upstream = FakeUpstream()
    response = client(service(upstream)).post("/v1/mood", content=PHOTO)
    assert response.status_code == 200
    document = response.json()
    assert document.pop("request_id") == response.headers["x-request-id"]
    assert document == {
        "mood": "행복/즐거움",
        "status": "ok",
        "probabilities": dict(zip(MOODS, (0.25, 0.125, 0.625), strict=True)),
        "model": "pet_mood",
        "version": 7,
    }
    ((call, _),) = upstream.calls
    assert call == ("serving_default", {"image_bytes": [PHOTO]})


@pytest.mark.parametrize("way", ["query", "form"])
def test_a_box_is_passed_on(way: str) -> None:
    upstream = FakeUpstream()
    if way == "query":
        response = client(service(upstream)).post("/v1/mood?box=-1,2,30,40", content=PHOTO)
    else:
        response = client(service(upstream)).post(
            "/v1/mood", files={"photo": ("a.png", PHOTO)}, data={"box": "-1,2,30,40"}
        )
    assert response.status_code == 200, response.text
    ((call, _),) = upstream.calls
    assert call == ("serve_box", {"image_bytes": [PHOTO], "box": [[-1, 2, 30, 40]]})


def test_outputs_of_newer_servables_are_in_the_answer() -> None:
    response = client(service(FakeUpstream(ROW | NEW_OUTPUTS))).post("/v1/mood", content=PHOTO)
    assert {name: response.json()[name] for name in NEW_OUTPUTS} == NEW_OUTPUTS


@pytest.mark.parametrize(
    ("status", "code"),
    [("no_animal", 200), ("image_unreadable", 422), ("box_outside_image", 422),
     ("image_too_large", 413)],
)  # fmt: skip
def test_an_answer_without_a_mood_has_its_status(status: str, code: int) -> None:
    row = ROW | {"mood": "", "mood_index": -1, "probabilities": [0.0] * 3, "status": status}
    response = client(service(FakeUpstream(row))).post("/v1/mood", content=PHOTO)
    document = response.json()
    assert (response.status_code, document["mood"], document["status"]) == (code, None, status)
    assert document["probabilities"] == {}


def test_a_turned_photo_goes_to_the_model_as_it_came() -> None:
    """The servable turns it: a photo that is turned here too would be turned twice."""
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = encoded("JPEG", exif=exif)
    upstream = FakeUpstream()
    client(service(upstream)).post("/v1/mood", content=photo)
    assert upstream.calls[0][0].inputs["image_bytes"] == [photo]


@pytest.mark.parametrize(
    ("kind", "size"), [("WEBP", (60, 40)), ("TIFF", (40, 60))], ids=["WebP", "TIFF"]
)
def test_a_format_that_the_servable_does_not_read_is_turned_and_encoded_again(
    kind: str, size: tuple[int, int]
) -> None:
    """As in the ingest, a TIFF is turned by its orientation and a WebP is not."""
    exif = Image.Exif()
    exif[0x0112] = 6
    upstream = FakeUpstream()
    response = client(service(upstream)).post("/v1/mood", content=encoded(kind, exif=exif))
    assert response.status_code == 200
    (sent,) = upstream.calls[0][0].inputs["image_bytes"]
    with Image.open(io.BytesIO(sent)) as image:
        # Orientation 6 turns by a quarter, and is then gone.
        assert (image.format, image.size, image.getexif().get(0x0112)) == ("PNG", size, None)


def test_a_photo_that_the_model_cannot_read_and_we_can_is_encoded_again() -> None:
    """As ``inference.py`` and the demo do; both rows count once in the figures."""

    class Choosy(FakeUpstream):
        async def predict(self, call: Call, target: Target) -> Answer:
            answer = await super().predict(call, target)
            if not call.inputs["image_bytes"][0].startswith(b"\x89PNG"):
                answer.rows[0].update(mood="", mood_index=-1, status="image_unreadable")
            return answer

    upstream = Choosy()
    web = client(service(upstream))
    photo = encoded("GIF")
    assert web.post("/v1/mood?box=0,0,9,9", content=photo).json()["mood"] == ROW["mood"]
    assert len(upstream.calls) == 2
    assert upstream.calls[1][0].inputs["box"] == [[0, 0, 9, 9]]
    assert 'status="ok"' in web.get("/metrics").text
    assert 'status="image_unreadable"' not in web.get("/metrics").text
    # A damaged one is asked about once.
    jpeg = encoded("JPEG")
    assert web.post("/v1/mood", content=jpeg[: jpeg.index(b"\xff\xda") + 20]).status_code == 422
    assert len(upstream.calls) == 3


@pytest.mark.parametrize(
    ("content", "code", "error"),
    [
        (b"", 400, "bad_request"),
        (b"no photo", 415, "not_an_image"),
        (encoded("PNG", (11, 10)), 413, "image_too_large"),
        (encoded("JPEG", (10, 11)), 413, "image_too_large"),
        (bytes(3000), 413, "upload_too_large"),
    ],
    ids=["empty", "text", "pixels", "pixels of a JPEG", "bytes"],
)
def test_a_photo_beyond_the_limits_never_reaches_the_model(
    content: bytes, code: int, error: str
) -> None:
    upstream = FakeUpstream()
    limits = LimitSettings(photo_pixels=109, upload_bytes=2048)
    response = client(service(upstream, limits)).post("/v1/mood", content=content)
    assert (response.status_code, response.json()["error"]) == (code, error)
    assert not upstream.calls


def test_a_photo_of_exactly_the_limit_is_answered() -> None:
    limits = LimitSettings(photo_pixels=110)
    response = client(service(FakeUpstream(), limits)).post(
        "/v1/mood", content=encoded("PNG", (11, 10))
    )
    assert response.status_code == 200


@pytest.mark.parametrize("box", ["1,2,3", "a,b,c,d", "0,0,0,5", "0,0,-4,5"])
def test_a_box_that_is_none_is_refused(box: str) -> None:
    response = client(service(FakeUpstream())).post(f"/v1/mood?box={box}", content=PHOTO)
    assert response.status_code == 422
    assert response.json()["error"].startswith("box_")


def test_a_broken_form_is_refused() -> None:
    response = client(service(FakeUpstream())).post(
        "/v1/mood", content=b"--x\r\n", headers={"Content-Type": "multipart/form-data; boundary=y"}
    )
    assert (response.status_code, response.json()["error"]) == (400, "bad_request")


@pytest.mark.parametrize(
    ("error", "code", "retry"),
    [(UnavailableError("http://secret:1 is away"), 503, "2"), (SlowError("slow"), 504, None),
     (UpstreamError("odd"), 502, None)],
)  # fmt: skip
def test_a_model_that_fails_is_told_without_its_address(
    error: Exception, code: int, retry: str | None
) -> None:
    upstream = FakeUpstream()
    upstream.error = error
    one = client(service(upstream))
    response = one.post("/v1/mood", content=PHOTO)
    assert (response.status_code, response.headers.get("retry-after")) == (code, retry)
    assert "secret" not in response.text
    assert one.get("/readyz").status_code == 503
    assert one.get("/healthz").status_code == 200


def test_a_model_with_other_outputs_is_an_error() -> None:
    response = client(service(FakeUpstream({"score": 1.0}))).post("/v1/mood", content=PHOTO)
    assert response.status_code == 502


def test_without_a_token_nobody_is_let_in_where_there_are_tokens() -> None:
    one = client(service(FakeUpstream(), tokens=TOKENS), "http://any.name")
    for path in ("/v1/mood", "/v1/models/pet_mood:predict"):
        for headers in ({}, {"Authorization": "Bearer " + "u" * 32}, {"Authorization": "t" * 32}):
            response = one.post(path, content=PHOTO, headers=headers)
            assert response.status_code == 401
            assert response.headers["www-authenticate"] == "Bearer"
    assert one.get("/metrics").status_code == 401
    good = {"Authorization": "Bearer " + "t" * 32}
    assert one.post("/v1/mood", content=PHOTO, headers=good).status_code == 200
    assert one.get("/metrics", headers=good).status_code == 200
    assert one.get("/readyz").status_code == 200


def test_without_tokens_other_names_are_refused() -> None:
    response = client(service(FakeUpstream()), "http://evil.example").post(
        "/v1/mood", content=PHOTO
    )
    assert (response.status_code, response.json()["error"]) == (421, "foreign_host")


def test_a_client_that_sends_too_many_photos_is_slowed_down() -> None:
    limits = LimitSettings(photos_per_second=0.5, burst=2, photos=2)
    one = client(service(FakeUpstream(), limits))
    codes = [one.post("/v1/mood", content=PHOTO).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    response = one.post("/v1/mood", content=PHOTO)
    assert response.headers["retry-after"] == "2"  # One photo at half a photo a second.


def test_the_figures_count_by_version_mood_status_and_code() -> None:
    one = service(FakeUpstream(ROW | NEW_OUTPUTS))
    web = client(one)
    web.post("/v1/mood", content=PHOTO)
    web.post("/v1/mood", content=b"no photo")
    text = web.get("/metrics").text
    for line in (
        'pet_mood_gateway_answers_total{mood="happy",status="ok",unsure="true",version="7"} 1.0',
        'pet_mood_gateway_requests_total{code="200",route="mood"} 1.0',
        'pet_mood_gateway_requests_total{code="415",route="mood"} 1.0',
        'pet_mood_gateway_seconds_count{route="mood"} 2.0',
    ):
        assert line in text
    assert one.outcomes.counts == {"answered": 1, "not_an_image": 1}


def test_the_description_is_valid_and_names_what_there_is() -> None:
    document = client(service(FakeUpstream())).get("/openapi.json").json()
    validate(document)
    assert set(document["paths"]) >= {"/v1/mood", "/v1/models/{model}:predict", "/readyz"}
