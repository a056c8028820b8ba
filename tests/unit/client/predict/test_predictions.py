"""Outcomes as lines of JSON."""

import json
import os

from client.predict.predictions import (
    FailedPrediction,
    Prediction,
    json_line,
    likeliest_moods,
)
from dataset.boxes import PixelBox

HAPPY = Prediction(
    "photos/a.jpg",
    "행복/즐거움",
    {"화남/불쾌": 0.1, "공포": 0.2, "행복/즐거움": 0.7, "편안/안정": 0.0},
)
CUT = FailedPrediction("photos/c.jpg", "image_truncated", "14 bytes not processed")


def test_a_mood_has_every_probability_to_six_decimals() -> None:
    probabilities = {"화남/불쾌": 0.12345678, "공포": 0.87654322}
    row = Prediction(
        "a.jpg", "공포", probabilities, None, PixelBox(1, 2, 3, 4), "found", 0.98765432
    )
    assert json_line(row) == (
        '{"image": "a.jpg", "mood": "공포", "mood_id": "fearful", "unsure": null, '
        '"probabilities": {"화남/불쾌": 0.123457, "공포": 0.876543}, '
        '"box": [1, 2, 3, 4], "box_source": "found", "found": 0.987654}'
    )


def test_an_unsure_answer_says_so_and_a_mood_of_ones_own_is_its_own_identifier() -> None:
    row = json.loads(json_line(Prediction("a.jpg", "졸림", {"졸림": 0.4, "공포": 0.6}, True)))
    assert (row["mood_id"], row["unsure"]) == ("졸림", True)
    assert json.loads(json_line(HAPPY._replace(unsure=False)))["unsure"] is False


def test_a_picture_without_a_mood_has_error_and_detail() -> None:
    assert json_line(CUT) == (
        '{"image": "photos/c.jpg", "mood": null, "error": "image_truncated", '
        '"detail": "14 bytes not processed"}'
    )


def test_a_name_with_line_breaks_and_quotes_stays_on_its_line() -> None:
    line = json_line(CUT._replace(image='a\n"b".jpg'))
    assert "\n" not in line
    assert json.loads(line)["image"] == 'a\n"b".jpg'


def test_a_name_that_is_no_utf8_comes_back_whole() -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    written = json_line(CUT._replace(image=name)).encode("utf-8", "backslashreplace")
    assert os.fsencode(json.loads(written)["image"]) == b"caf\xe9.jpg"


def test_the_likeliest_moods_come_first() -> None:
    assert likeliest_moods(HAPPY, 2) == [("행복/즐거움", 0.7), ("공포", 0.2)]
