"""Responses of the demo's application around a fake model; no TensorFlow."""

from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from client.backends.errors import ServerError
from client.backends.model import REQUEST_TOO_LARGE, ModelInfo, Response
from client.predict.predictions import ANSWER_NOT_FINITE
from dataset.boxes import PixelBox
from schemas import signatures
from schemas.reasons import RejectReason
from system.web.outcomes import OutcomeCounts
from testing.webdemo.fake_model import PHOTO, FakeModel
from webdemo import app, messages
from webdemo.limits import Limits
from webdemo.messages import MESSAGES


def browser(model: FakeModel) -> TestClient:
    return TestClient(app.create_app(model), "http://127.0.0.1")


def test_moods_come_likeliest_first_with_english_where_there_is_any() -> None:
    model = FakeModel()
    response = browser(model).post("/ask?box=1,2,30,40", content=PHOTO)
    assert (response.status_code, response.json()) == (
        200,
        {
            "mood": "행복/즐거움",
            "mood_id": "happy",
            "unsure": None,
            "box": [1, 2, 30, 40],
            "box_source": "given",
            "found": None,
            "moods": [
                {"name": "행복/즐거움", "english": "happy, joyful", "probability": 0.625},
                {"name": "공포", "english": "fearful", "probability": 0.25},
                {"name": "멍멍", "english": "", "probability": 0.125},
            ],
        },
    )
    # Byte for byte as from inference.py: the page must show the same prediction.
    assert model.calls == [([PHOTO], [PixelBox(1, 2, 30, 40)])]


def test_without_a_box_the_whole_picture_is_predicted() -> None:
    model = FakeModel()
    assert browser(model).post("/ask", content=PHOTO).status_code == 200
    assert model.calls == [([PHOTO], None)]


def test_a_heat_map_has_the_probability_before_and_after() -> None:
    heat = browser(FakeModel()).post("/heat", params={"mood": "공포"}, content=PHOTO).json()
    assert (heat["before"], heat["after"]) == (0.25, 0.25)
    assert heat["cells"] == [[0.0] * 8] * 8


@pytest.mark.parametrize("path", ["/ask", "/heat"])
@pytest.mark.parametrize(
    ("photo", "box", "error"),
    [
        (b"no picture", "0,0,1,1", "not_an_image"),
        (b"", "0,0,1,1", "not_an_image"),
        (PHOTO, "0,0,40,-6", "box_negative"),
        (PHOTO, "0,0,0,6", "box_empty"),
        (PHOTO, "NaN,0,0,6", "box_malformed"),
    ],
)
def test_an_invalid_picture_or_box_gets_a_message_in_both_languages(
    path: str, photo: bytes, box: str, error: str
) -> None:
    model = FakeModel()
    response = browser(model).post(path, params={"box": box, "mood": "공포"}, content=photo)
    korean, english = MESSAGES[error]
    assert response.status_code == 422
    document = response.json()
    assert (document["mood"], document["error"], document["ko"], document["en"]) == (
        None,
        error,
        korean,
        english,
    )
    assert model.calls == []


def test_a_box_up_to_the_edges_is_predicted() -> None:
    assert browser(FakeModel()).post("/ask?box=0,0,40,60", content=PHOTO).status_code == 200


@pytest.mark.parametrize("path", ["/ask", "/heat"])
@pytest.mark.parametrize("box", ["0,0,40,61", "0,-30,4,31", "0,60,4,6"])
def test_a_box_that_the_model_does_not_take_is_outside(path: str, box: str) -> None:
    model = FakeModel(Response(signatures.STATUS_BOX_OUTSIDE_IMAGE, "", {}))
    response = browser(model).post(path, params={"box": box, "mood": "공포"}, content=PHOTO)
    assert (response.status_code, response.json()["error"]) == (422, "box_outside_image")


def test_an_overhanging_box_that_the_model_takes_has_the_heat_map_of_its_part() -> None:
    model = FakeModel()
    asked = {"box": "0,-2,40,61", "mood": "공포"}
    assert browser(model).post("/ask", params=asked, content=PHOTO).status_code == 200
    assert browser(model).post("/heat", params=asked, content=PHOTO).status_code == 200
    # The model has decided on the box itself, and then got pictures of its part.
    (_, ask), (_, heat), *covered = model.calls
    assert ask == heat == [PixelBox(0, -2, 40, 61)]
    part = [PixelBox(0, 0, 40, 59)]
    model.calls.clear()
    browser(model).post("/heat", params=asked | {"box": "0,0,40,59"}, content=PHOTO)
    assert [boxes for _, boxes in covered] == [boxes for _, boxes in model.calls] != [part]


@pytest.mark.parametrize("path", ["/ask", "/heat"])
def test_a_server_that_is_down_is_reported_and_named_in_the_log_only(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model = FakeModel(ServerError("http://user:s3cret@inner:8501: no server listens"))
    response = browser(model).post(path, params={"mood": "공포"}, content=PHOTO)
    assert (response.status_code, response.json()["error"]) == (502, "server_down")
    assert "inner" not in response.text and "s3cret" not in response.text
    assert "inner:8501: no server listens" in capsys.readouterr().err


@pytest.mark.parametrize("path", ["/ask", "/heat"])
@pytest.mark.parametrize(
    "fault",
    [
        NotImplementedError("Unknown pixel format flags 0 in /home/somebody/x"),
        MemoryError(),
        RecursionError("maximum recursion depth exceeded"),
        KeyError("/home/somebody"),
        RuntimeError("\x1b]0;title\x07"),
    ],
    ids=repr,
)
def test_an_unexpected_exception_is_a_counted_error_without_a_traceback(
    path: str, fault: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    log = OutcomeCounts()
    client = TestClient(app.create_app(FakeModel(fault), log=log), "http://127.0.0.1")
    for _ in range(3):
        response = client.post(path, params={"mood": "공포"}, content=PHOTO)
    assert response.status_code == 500
    assert response.json() == {
        "mood": None,
        "error": messages.UNEXPECTED,
        "detail": type(fault).__name__,
        "ko": MESSAGES[messages.UNEXPECTED][0],
        "en": MESSAGES[messages.UNEXPECTED][1],
    }
    assert log.counts == {messages.UNEXPECTED: 3}
    written = capsys.readouterr().err
    # Of a long traceback, such as Python 3.13's, only the end is written.
    assert written.count(f"{messages.UNEXPECTED} (number ") == 1, "one text a minute"
    assert type(fault).__name__ in written
    assert "\x1b" not in written


def test_the_model_is_shown_without_its_folder() -> None:
    response = browser(FakeModel()).get("/model")
    moods = ["공포", "멍멍", "행복/즐거움"]
    assert response.json() == {"source": "version", "moods": moods, "trained_on": ""}


def test_the_page_is_told_of_an_unsure_answer_and_of_a_model_of_drawings() -> None:
    shares = dict.fromkeys(FakeModel.info.mood_names, 1 / 3)
    model = FakeModel(Response("ok", "공포", shares, unsure=True))
    model.info = replace(model.info, trained_on="drawings")
    assert browser(model).post("/ask", content=PHOTO).json()["unsure"] is True
    assert browser(model).get("/model").json()["trained_on"] == "drawings"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("grpc://inner:8500", "pet_mood"),
        ("http://a:b@inner:8501/prefix/v1/models/cats/labels/stable", "cats/labels/stable"),
        ("serving/pet_mood/12", "12"),
        ("/secret/best.keras", "best.keras"),
    ],
)
def test_the_name_of_a_model_has_no_folder_and_no_server(source: str, shown: str) -> None:
    model = FakeModel()
    model.info = ModelInfo(source, ("공포",), None)
    assert browser(model).get("/model").json()["source"] == shown


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/page/nothing.js", 404),
        ("GET", "/page/%2e%2e/app.py", 404),
        ("GET", "/ask", 405),
        ("PUT", "/model", 405),
        ("POST", "/page/page.js", 405),
    ],
)
def test_addresses_and_methods_that_there_are_not_are_answered_in_json(
    method: str, path: str, status: int
) -> None:
    response = browser(FakeModel()).request(method, path)
    assert (response.status_code, response.json()["error"]) == (status, "no_such_address")


def test_failed_covered_copies_cost_only_the_heat_map() -> None:
    model = FakeModel(Response(REQUEST_TOO_LARGE, "", {}))
    response = browser(model).post("/heat", params={"mood": "공포"}, content=PHOTO)
    assert (response.status_code, response.json()["error"]) == (422, "no_heat_map")


def test_a_file_above_the_limit_is_refused() -> None:
    limits = Limits(upload_bytes=len(PHOTO))
    client = TestClient(app.create_app(FakeModel(), limits=limits), "http://127.0.0.1")
    assert client.post("/ask", content=PHOTO).status_code == 200
    for content in (PHOTO + b"0", iter([PHOTO, b"0"])):  # With and without Content-Length.
        response = client.post("/ask", content=content)
        assert (response.status_code, response.json()["error"]) == (413, "upload_too_large")


def test_the_message_names_the_limit() -> None:
    size = f"{Limits().upload_bytes >> 20} MiB"
    assert all(size in text for text in MESSAGES[messages.UPLOAD_TOO_LARGE])


def test_there_is_a_message_for_every_reason_status_and_error() -> None:
    statuses = {value for name, value in vars(signatures).items() if name.startswith("STATUS_")} - {
        signatures.STATUS_OK
    }
    own = {
        value
        for name, value in vars(messages).items()
        if name.isupper() and name != "MESSAGES" and isinstance(value, str)
    }
    errors = {reason.value for reason in RejectReason} | statuses | own
    assert errors | {ANSWER_NOT_FINITE, REQUEST_TOO_LARGE} <= set(MESSAGES)
    assert all(korean and english for korean, english in MESSAGES.values())
