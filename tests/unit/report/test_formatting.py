"""Texts of times, scores and paths."""

from pathlib import Path

import pytest

from report.formatting import clock_text, duration_text, path_text, score_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"),
        (6.6, "0:07"),
        (59.6, "1:00"),
        (727, "12:07"),
        (3599.6, "1:00:00"),
        (11527, "3:12:07"),
    ],
)
def test_clock_texts(seconds: float, text: str) -> None:
    assert clock_text(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (7.06, "7.1 s"), (59.94, "59.9 s"), (59.96, "1:00")]
)
def test_durations_have_tenths_below_a_minute(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_scores_have_three_decimals() -> None:
    assert score_text(0.71234) == "0.712"


def test_what_is_missing_is_a_dash() -> None:
    assert clock_text(None) == duration_text(None) == score_text(None) == "-"
    assert score_text(None, missing="–") == "–"


def test_a_path_below_the_current_folder_is_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert path_text(tmp_path / "out" / "run.log") == "out/run.log"
    assert path_text(Path("/elsewhere/run.log")) == "/elsewhere/run.log"
