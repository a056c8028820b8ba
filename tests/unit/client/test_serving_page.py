"""The examples of docs/serving.md do what the page says, on the stand-in for the server."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from testing.models import quadrants as samples
from testing.paths import ROOT
from testing.serving import double as serving_double
from testing.serving.double import Asked, Serving

PAGE = (ROOT / "docs" / "serving.md").read_text("utf-8")


def block(language: str) -> str:
    """Returns the page's only code block in a language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


@pytest.fixture
def serving(versions: Path) -> Serving:
    return Serving("pet_mood", versions, {"stable": 9, "canary": 10})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Holds a photo of 640 x 480 that is red in the box's bottom left quarter."""
    pixels = samples.np.zeros((640, 480, 3), samples.np.uint8)
    pixels[290:500, 60:270] = samples.RED
    photo = samples.encoded(samples.Image.fromarray(pixels), "JPEG", quality=95)
    (tmp_path / "photo.jpg").write_bytes(photo)
    return tmp_path


def test_the_rest_example_is_answered_in_the_form_on_the_page(
    serving: Serving, folder: Path
) -> None:
    with serving_double.over_rest(serving) as address:
        script = block("sh")
        assert "http://localhost:8501" in script
        script = script.replace("http://localhost:8501", address)
        done = subprocess.run(
            ["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 0, done.stderr
    (told,), (shown,) = (json.loads(text)["predictions"] for text in (done.stdout, block("json")))
    assert serving.asked == [Asked("serve_box", 9, 1)]
    assert told["mood"] == shown["mood"] == "행복/즐거움"
    assert told["status"] == shown["status"]
    assert told["mood_index"] == shown["mood_index"]
    assert {k: type(v) for k, v in told.items()} == {k: type(v) for k, v in shown.items()}


def test_the_grpc_example_prints_what_the_page_says(serving: Serving, folder: Path) -> None:
    with serving_double.over_grpc(serving) as address:
        code = block("python")
        assert "localhost:8500" in code
        code = code.replace("localhost:8500", address.removeprefix("grpc://"))
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120,
            env={"PYTHONIOENCODING": "utf-8", "PATH": ""},
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert serving.asked == [Asked("serve_box", 9, 1)]
    assert done.stdout == block("text")
