"""Cron expressions of both clusters."""

import pytest

from cluster.request.cron import check_cron
from schemas.errors import ConfigError


@pytest.mark.parametrize(
    "text",
    [
        "0 3 * * 1",
        "*/15 0-6,22 1,15 jan-mar Mon-Fri",
        "59 23 31 12 6",
        "TZ=Asia/Seoul 0 3 * * 1",
        "CRON_TZ=America/New_York 0 3 * * *",
        "0 0/2 ? * *",
    ],
)
def test_what_vertex_ai_takes(text: str) -> None:
    check_cron(text, seconds_first=False)


def test_what_kubeflow_takes() -> None:
    check_cron("0 0 3 * * 1", seconds_first=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "five fields"),
        ("@weekly", "five fields"),
        ("0 0 3 * * 1", "five fields"),
        ("TZ=Asia/Seoul 0 3 * *", "five fields"),
        ("60 3 * * 1", "minute must be .* in 0..59.*Received: 60 in 60 3"),
        ("0 24 * * 1", "hour must be"),
        ("0 3 0 * 1", "day of the month must be"),
        ("0 3 * 13 1", "month must be"),
        ("0 3 * * 7", r"day of the week \(Sunday is 0\) must be"),
        ("0 3 * * 1-", "day of the week"),
        ("0 3 * * 5-1", "day of the week"),
        ("0 3 * * jan", "day of the week"),
        ("*/0 3 * * 1", "minute must be"),
        ("1,,2 3 * * 1", "minute must be"),
        ("-1 3 * * 1", "minute must be"),
        ("*-5 3 * * 1", "minute must be"),
        ("٣ 3 * * 1", "minute must be"),
        ("월 3 * * 1", "minute must be"),
        ("1.5 3 * * 1", "minute must be"),
        ("99999999999999999999 3 * * 1", "minute must be"),
    ],
)
def test_what_neither_takes_is_told(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check_cron(text, seconds_first=False)


def test_a_second_has_a_field_of_its_own_for_kubeflow() -> None:
    with pytest.raises(ConfigError, match=r"second must be .* Received: 60 in"):
        check_cron("60 0 3 * * 1", seconds_first=True)
    with pytest.raises(ConfigError, match="of six"):
        check_cron("TZ=Asia/Seoul 0 3 * * 1 2", seconds_first=True)
