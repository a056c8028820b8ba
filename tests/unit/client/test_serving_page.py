"""The examples of docs/serving.md work as described there, on the fake server."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from testing.models import quadrants
from testing.paths import ROOT
from testing.serving import fake_grpc, fake_rest
from testing.serving.fake_serving import FakeServing, HandledRequest

PAGE = (ROOT / "docs" / "serving.md").read_text("utf-8")


def block(language: str) -> str:
    """Returns the page's only code block in a language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


@pytest.fixture
def serving(versions: Path) -> FakeServing:
    return FakeServing("pet_mood", versions, {"stable": 9, "canary": 10})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Holds a photo of 640 x 480 that is red in the box's bottom left quarter."""
    pixels = quadrants.np.zeros((640, 480, 3), quadrants.np.uint8)
    pixels[290:500, 60:270] = quadrants.RED
    photo = quadrants.encoded(quadrants.Image.fromarray(pixels), "JPEG", quality=95)
    (tmp_path / "photo.jpg").write_bytes(photo)
    return tmp_path


@pytest.mark.slow
def test_the_rest_example_returns_the_form_on_the_page(serving: FakeServing, folder: Path) -> None:
    with fake_rest.serve_rest(serving) as address:
        script = block("sh")
        assert "http://localhost:8501" in script
        script = script.replace("http://localhost:8501", address)
        done = subprocess.run(
            ["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 0, done.stderr
    (reply,), (documented,) = (
        json.loads(text)["predictions"] for text in (done.stdout, block("json"))
    )
    assert serving.handled == [HandledRequest("serve_box", 9, 1)]
    assert reply["mood"] == documented["mood"] == "행복/즐거움"
    assert reply["status"] == documented["status"]
    assert reply["mood_index"] == documented["mood_index"]
    assert {k: type(v) for k, v in reply.items()} == {k: type(v) for k, v in documented.items()}


@pytest.mark.slow
def test_the_grpc_example_prints_what_the_page_says(serving: FakeServing, folder: Path) -> None:
    with fake_grpc.serve_grpc(serving) as address:
        code = block("python")
        assert "localhost:8500" in code
        code = code.replace("localhost:8500", address.removeprefix("grpc://"))
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120,
            env={"PYTHONIOENCODING": "utf-8", "PATH": ""},
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert serving.handled == [HandledRequest("serve_box", 9, 1)]
    assert done.stdout == block("text")
