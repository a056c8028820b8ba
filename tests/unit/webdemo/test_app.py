"""What the demo's program answers, around a model that is worked out by hand; no TensorFlow."""

from collections.abc import Sequence

import pytest
from starlette.testclient import TestClient

from client.backends.errors import ServerError
from client.backends.model import REQUEST_TOO_LARGE, ModelInfo, Response
from client.predict.predictions import ANSWER_NOT_FINITE
from dataset.boxes import PixelBox
from schemas import signatures
from schemas.reasons import RejectReason
from testing.models import quadrants as samples
from webdemo import app
from webdemo.messages import WORDS

PHOTO = samples.encoded(samples.red_at(2, 40, 60))


class Fake:
    """Answers all pictures alike, and keeps what it was asked."""

    info = ModelInfo("a/version", ("공포", "멍멍", "행복/즐거움"), 32)

    def __init__(self, response: Response | Exception | None = None) -> None:
        shares = dict(zip(self.info.moods, (0.25, 0.125, 0.625), strict=True))
        self.response = response or Response("ok", "행복/즐거움", shares)
        self.asked: list[tuple[Sequence[bytes], Sequence[PixelBox] | None]] = []

    def predict(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        self.asked.append((pictures, boxes))
        if isinstance(self.response, Exception):
            raise self.response
        return [self.response] * len(pictures)


def browser(model: Fake) -> TestClient:
    return TestClient(app.app_of(model), "http://127.0.0.1")


def test_moods_come_likeliest_first_with_english_where_there_is_any() -> None:
    model = Fake()
    told = browser(model).post("/ask?box=1,2,30,40", content=PHOTO)
    assert (told.status_code, told.json()) == (
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
    # Byte for byte, as inference.py asks: the page must not give another answer.
    assert model.asked == [([PHOTO], [PixelBox(1, 2, 30, 40)])]


def test_without_a_box_the_whole_picture_is_asked_about() -> None:
    model = Fake()
    assert browser(model).post("/ask", content=PHOTO).status_code == 200
    assert model.asked == [([PHOTO], None)]


def test_a_map_comes_with_what_the_worst_square_costs() -> None:
    told = browser(Fake()).post("/heat", params={"mood": "공포"}, content=PHOTO).json()
    assert (told["before"], told["after"]) == (0.25, 0.25)
    assert told["cells"] == [[0.0] * 8] * 8


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
def test_what_is_no_picture_or_no_box_is_said_in_plain_words(
    path: str, photo: bytes, box: str, error: str
) -> None:
    model = Fake()
    told = browser(model).post(path, params={"box": box, "mood": "공포"}, content=photo)
    korean, english = WORDS[error]
    assert told.status_code == 422
    said = told.json()
    assert (said["mood"], said["error"], said["ko"], said["en"]) == (None, error, korean, english)
    assert model.asked == []


def test_a_box_up_to_the_edges_is_asked_about() -> None:
    assert browser(Fake()).post("/ask?box=0,0,40,60", content=PHOTO).status_code == 200


@pytest.mark.parametrize("path", ["/ask", "/heat"])
def test_a_server_that_is_down_is_said(path: str) -> None:
    model = Fake(ServerError("http://h: nobody listens"))
    told = browser(model).post(path, params={"mood": "공포"}, content=PHOTO)
    assert told.status_code == 502
    assert (told.json()["error"], told.json()["detail"]) == (
        "server_down",
        "http://h: nobody listens",
    )


def test_covered_copies_without_an_answer_cost_the_map_alone() -> None:
    model = Fake(Response(REQUEST_TOO_LARGE, "", {}))
    told = browser(model).post("/heat", params={"mood": "공포"}, content=PHOTO)
    assert (told.status_code, told.json()["error"]) == (422, "no_heat_map")


def test_a_file_above_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "MAX_BYTES", len(PHOTO))
    assert browser(Fake()).post("/ask", content=PHOTO).status_code == 200
    told = browser(Fake()).post("/ask", content=PHOTO + b"0")
    assert (told.status_code, told.json()["error"]) == (413, "upload_too_large")


def test_the_page_may_ask_its_own_program_alone() -> None:
    policy = browser(Fake()).get("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "http" not in policy and "*" not in policy


def test_there_are_words_for_every_way_to_get_no_answer() -> None:
    of_rows = set(RejectReason) - {
        # Not of a single picture, of a path, or limits that only the ingest has.
        RejectReason.UNKNOWN_LABEL,
        RejectReason.DUPLICATE_ROW,
        RejectReason.IMAGE_MISSING,
        RejectReason.BOX_TOO_SMALL,
        *(reason for reason in RejectReason if reason.value.startswith(("too_", "low_", "blur"))),
    }
    statuses = {value for name, value in vars(signatures).items() if name.startswith("STATUS_")} - {
        signatures.STATUS_OK
    }
    wanted = {reason.value for reason in of_rows} | statuses
    assert wanted | {ANSWER_NOT_FINITE, REQUEST_TOO_LARGE} <= set(WORDS)
    assert all(korean and english for korean, english in WORDS.values())
