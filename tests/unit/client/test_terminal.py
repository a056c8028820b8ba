"""Outcomes as a table."""

import io
import unicodedata

import pytest
from rich.cells import cell_len

from client.backends.model import ModelInfo
from client.predict.predictions import FailedPrediction, Outcome, Prediction
from client.terminal import print_table
from testing.models import quadrants

INFO = ModelInfo("serving/pet_mood/10", quadrants.MOODS, 32)
HAPPY = Prediction(
    "photos/a.jpg",
    "행복/즐거움",
    {"화남/불쾌": 0.1, "공포": 0.2, "행복/즐거움": 0.7, "편안/안정": 0.0},
)
AFRAID = Prediction(
    "photos/b.jpg", "공포", {"화남/불쾌": 0.0, "공포": 1.0, "행복/즐거움": 0.0, "편안/안정": 0.0}
)
CUT = FailedPrediction("photos/c.jpg", "image_truncated", "14 bytes not processed")


def table(monkeypatch: pytest.MonkeyPatch, outcomes: list[Outcome], width: int = 80) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    stream = io.StringIO()
    print_table(stream, outcomes, INFO)
    return stream.getvalue().splitlines()


def test_hangul_is_aligned_by_the_room_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = table(monkeypatch, [HAPPY, AFRAID])
    happy, afraid = (line for line in lines if ".jpg" in line)
    # "picture" and two blanks, 11 cells of the widest mood, a blank, 6 cells "100.0%".
    assert cell_len(happy[: happy.index("%")]) == 9 + 11 + 1 + 5
    assert cell_len(afraid[: afraid.index("%")]) == 9 + 11 + 1 + 5
    assert happy == "a.jpg    행복/즐거움  70.0%  공포         20.0%  화남/불쾌    10.0%"
    assert afraid.startswith("b.jpg    공포        100.0%  ")


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    long = HAPPY._replace(image="photos/" + "강아지" * 20 + ".jpg")
    lines = table(monkeypatch, [HAPPY, long, CUT], width)
    assert max(cell_len(line) for line in lines[:-1]) <= width
    assert sum("70.0%" in line for line in lines) == 2


def test_more_moods_are_shown_where_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    image = "x" * 36
    counts = [
        sum(line.count("%") for line in table(monkeypatch, [HAPPY._replace(image=image)], width))
        for width in (50, 80, 120)
    ]
    assert counts == [1, 2, 3]


def test_a_shared_folder_is_named_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = table(monkeypatch, [HAPPY, CUT])
    assert lines[0] == "in photos/"
    assert lines[3].split() == ["c.jpg", "image_truncated:", "14", "bytes", "not", "processed"]


@pytest.mark.parametrize(
    "names", [("a.jpg", "photos/b.jpg"), ("/a.jpg", "b.jpg"), ("./a.jpg", "./b.jpg"), ("/a", "/b")]
)
def test_names_without_a_shared_folder_are_shown_whole(
    monkeypatch: pytest.MonkeyPatch, names: tuple[str, str]
) -> None:
    lines = table(monkeypatch, [HAPPY._replace(image=name) for name in names])
    assert [line.split()[0] for line in lines[:3]] == ["picture", *names]


def test_an_unsure_answer_has_a_question_mark_and_changes_no_column(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = table(monkeypatch, [HAPPY._replace(unsure=True), AFRAID._replace(unsure=False)])
    happy, afraid = (line for line in lines if ".jpg" in line)
    assert happy == "a.jpg    행복/즐거움  70.0%? 공포         20.0%  화남/불쾌    10.0%"
    assert "?" not in afraid
    assert lines[-2] == "2 pictures, 1 unsure (?)"
    narrow = table(monkeypatch, [HAPPY._replace(unsure=True)], 40)
    assert max(cell_len(line) for line in narrow[:-1]) <= 40


def test_the_summary_counts_failures_and_names_the_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = table(monkeypatch, [HAPPY, AFRAID, CUT])
    assert lines[-2:] == [
        "3 pictures, 1 without a mood",
        "model serving/pet_mood/10, input 32 pixels",
    ]


def test_names_are_shown_composed_and_without_control_characters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = unicodedata.normalize("NFD", "강아지") + "\x1b[2J.jpg"
    lines = table(monkeypatch, [HAPPY._replace(image=name)])
    assert lines[1].startswith("강아지\\x1b[2J.jpg  ")
