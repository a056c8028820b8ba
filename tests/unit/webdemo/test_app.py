"""Responses of the demo's application around a fake model; no TensorFlow."""

from collections.abc import Sequence

import pytest
from starlette.testclient import TestClient

from client.backends.errors import ServerError
from client.backends.model import REQUEST_TOO_LARGE, ModelInfo, Response
from client.predict.predictions import ANSWER_NOT_FINITE
from dataset.boxes import PixelBox
from schemas import signatures
from schemas.reasons import RejectReason
from testing.models import quadrants
from webdemo import app
from webdemo.messages import MESSAGES

PHOTO = quadrants.encoded(quadrants.red_at(2, 40, 60))


class FakeModel:
    """Returns the same response for all pictures, and records the calls."""

    info = ModelInfo("a/version", ("공포", "멍멍", "행복/즐거움"), 32)

    def __init__(self, response: Response | Exception | None = None) -> None:
        shares = dict(zip(self.info.mood_names, (0.25, 0.125, 0.625), strict=True))
        self.response = response or Response("ok", "행복/즐거움", shares)
        self.calls: list[tuple[Sequence[bytes], Sequence[PixelBox] | None]] = []

    def predict(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        self.calls.append((pictures, boxes))
        if isinstance(self.response, Exception):
            raise self.response
        return [self.response] * len(pictures)


def browser(model: FakeModel) -> TestClient:
    return TestClient(app.create_app(model), "http://127.0.0.1")


def test_moods_come_likeliest_first_with_english_where_there_is_any() -> None:
    model = FakeModel()
    response = browser(model).post("/ask?box=1,2,30,40", content=PHOTO)
    assert (response.status_code, response.json()) == (
        200,
        {
            "mood": "행복/즐거움",
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
        (PHOTO, "0,0,40,61", "box_outside_image"),
        (PHOTO, "0,-1,4,6", "box_negative"),
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
def test_a_server_that_is_down_is_reported(path: str) -> None:
    model = FakeModel(ServerError("http://h: no server listens"))
    response = browser(model).post(path, params={"mood": "공포"}, content=PHOTO)
    assert response.status_code == 502
    assert (response.json()["error"], response.json()["detail"]) == (
        "server_down",
        "http://h: no server listens",
    )


def test_failed_covered_copies_cost_only_the_heat_map() -> None:
    model = FakeModel(Response(REQUEST_TOO_LARGE, "", {}))
    response = browser(model).post("/heat", params={"mood": "공포"}, content=PHOTO)
    assert (response.status_code, response.json()["error"]) == (422, "no_heat_map")


def test_a_file_above_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "MAX_BYTES", len(PHOTO))
    assert browser(FakeModel()).post("/ask", content=PHOTO).status_code == 200
    response = browser(FakeModel()).post("/ask", content=PHOTO + b"0")
    assert (response.status_code, response.json()["error"]) == (413, "upload_too_large")


def test_the_page_may_connect_to_its_own_server_only() -> None:
    policy = browser(FakeModel()).get("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "http" not in policy and "*" not in policy


def test_there_is_a_message_for_every_error_of_a_photo() -> None:
    reasons = set(RejectReason) - {
        # These concern several rows or a path, or are limits of the ingest.
        RejectReason.UNKNOWN_LABEL,
        RejectReason.DUPLICATE_ROW,
        RejectReason.IMAGE_MISSING,
        RejectReason.BOX_TOO_SMALL,
        *(reason for reason in RejectReason if reason.value.startswith(("too_", "low_", "blur"))),
    }
    statuses = {value for name, value in vars(signatures).items() if name.startswith("STATUS_")} - {
        signatures.STATUS_OK
    }
    errors = {reason.value for reason in reasons} | statuses
    assert errors | {ANSWER_NOT_FINITE, REQUEST_TOO_LARGE} <= set(MESSAGES)
    assert all(korean and english for korean, english in MESSAGES.values())
