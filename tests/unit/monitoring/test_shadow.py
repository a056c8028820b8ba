"""Two versions on logged requests."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from client.backends.model import ModelInfo, Response
from dataset.boxes import PixelBox
from gateway.log.files import write_file
from monitor import main
from monitoring.shadow import _rows, compared
from schemas import request_log as columns
from schemas.errors import ConfigError
from testing.gateway.fake_upstream import PHOTO
from testing.monitoring.logs import NOW, log_rows, write_log
from testing.monitoring.streams import draw


def test_two_models_are_compared_on_logged_photos(tmp_path: Path) -> None:
    class Fixed:
        def __init__(self, source: str, answer: Callable[[Any], str]) -> None:
            self.info = ModelInfo(source, ("a", "b"), None)
            self._answer = answer

        def predict(self, pictures: Any, boxes: Any) -> list[Response]:
            name = self._answer(boxes)
            shares = {"a": 0.75, "b": 0.25} if name == "a" else {"a": 0.25, "b": 0.75}
            return [Response("ok", name, shares)] * len(pictures)

    row = dict.fromkeys(columns.COLUMNS) | {"request_id": "1", "photo": PHOTO}
    given = row | {"request_id": "2", "box": [0, 0, 9, 9], "box_source": "given"}
    found = row | {"request_id": "3", "box": [0, 0, 9, 9], "box_source": "found"}
    path = write_file(tmp_path, [row, given, found, row | {"photo": None}], NOW)
    logged = list(_rows(path))
    assert [one and one.box for one in logged] == [None, PixelBox(0, 0, 9, 9), None, None]
    first = Fixed("first", lambda boxes: "a")
    second = Fixed("second", lambda boxes: "b" if boxes else "a")
    document = compared(first, second, iter([one for one in logged if one]), 1)
    assert (document["photos"], document["without_photo"]) == (3, 1)
    assert document["agreement"] == pytest.approx(2 / 3)
    assert document["counts"] == [[2, 1, 0], [0, 0, 0], [0, 0, 0]]
    assert [each["request_id"] for each in document["disagreements"]] == ["2"]
    assert document["mean_difference"] == pytest.approx(0.5 / 3)


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_a_log_with_numbers_only_is_told_why_and_what_to_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str]
) -> None:
    log = write_log(tmp_path, log_rows(draw(np.random.default_rng(1), 30)))
    # No version is loaded, or looked for.
    paths = ["--first", "/nowhere", "--second", "/nowhere"]
    assert main(["shadow", "--log", str(log), *paths, *flags]) == 3
    out, errors = capsys.readouterr()
    assert out == ""
    assert "numbers only" in errors and "30 rows none has a photo" in errors
    assert "--set log.photos=true" in errors
    assert not (log / "shadow.json").exists()


@pytest.mark.parametrize("box", [[1, 2, 3], [1, 2, 3, None]], ids=str)
def test_a_box_that_is_none_ends_with_a_sentence(box: Any, tmp_path: Path) -> None:
    row = dict.fromkeys(columns.COLUMNS) | {"photo": PHOTO, "box": box, "box_source": "given"}
    with pytest.raises(ConfigError, match="four numbers"):
        list(_rows(write_file(tmp_path, [row], NOW)))


def test_a_request_is_shown_without_commands_to_the_terminal(tmp_path: Path) -> None:
    row = dict.fromkeys(columns.COLUMNS) | {"photo": PHOTO, "request_id": "\x1b[2J"}
    (one,) = _rows(write_file(tmp_path, [row], NOW))
    assert one is not None and one.request_id == "\\x1b[2J"
