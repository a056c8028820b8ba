"""The examples of docs/api.md work as described there, and docs/openapi.yaml says what is sent."""

import json
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from ruamel.yaml import YAML

from client.backends.rest_transport import request_body
from dataset.boxes import PixelBox
from schemas import signatures
from schemas.labels import MOOD_IDS, MOODS_IN_ENGLISH
from testing.models import quadrants
from testing.paths import ROOT
from testing.serving import fake_grpc, fake_rest
from testing.serving.fake_serving import FakeServing, HandledRequest

PAGE = (ROOT / "docs" / "api.md").read_text("utf-8")
SPEC: dict[str, Any] = json.loads(
    json.dumps(YAML(typ="safe").load((ROOT / "docs" / "openapi.yaml").read_text("utf-8")))
)
PREDICT = "/v1/models/pet_mood/labels/stable:predict"
BOX = PixelBox(80, 60, 420, 420)


def block(language: str) -> str:
    """Returns the page's only code block in a language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def faults(schema: str, document: object) -> list[str]:
    """Returns what a document lacks to be of a schema of the specification."""
    validator = OAS31Validator({**SPEC, "$ref": f"#/components/schemas/{schema}"})
    return [error.message for error in validator.iter_errors(document)]


@pytest.fixture(scope="module")
def serving(versions: Path) -> FakeServing:
    return FakeServing("pet_mood", versions, {"stable": 9, "canary": 10})


@pytest.fixture(scope="module")
def rest(serving: FakeServing) -> Iterator[str]:
    with fake_rest.serve_rest(serving) as address:
        yield address


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Holds a photo of 640 x 480 that is red in the box's bottom left quarter."""
    pixels = quadrants.np.zeros((640, 480, 3), quadrants.np.uint8)
    pixels[290:500, 60:270] = quadrants.RED
    photo = quadrants.encoded(quadrants.Image.fromarray(pixels), "JPEG", quality=95)
    (tmp_path / "photo.jpg").write_bytes(photo)
    return tmp_path


def post(address: str, document: object) -> tuple[int, Any]:
    """Returns the status and the JSON of an answer."""
    request = urllib.request.Request(address, json.dumps(document).encode())
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120,
        env={"PYTHONIOENCODING": "utf-8", "PATH": "/usr/local/bin:/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def check_line(line: str, serving: FakeServing) -> None:
    """Compares what an example prints with the page's line; the probability is this model's."""
    assert re.sub(r"0\.\d+", "P", line) == re.sub(r"0\.\d+", "P", block("text"))
    assert serving.handled[-1] == HandledRequest("serve_box", 9, 1)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["sh", "python", "js"])
def test_an_example_prints_what_the_page_says(
    language: str, serving: FakeServing, rest: str, folder: Path
) -> None:
    program = {"sh": "curl", "python": sys.executable, "js": "node"}[language]
    if shutil.which(program) is None:
        pytest.skip(f"needs {program}")
    code = block(language)
    assert "http://localhost:8501" in code
    code = code.replace("http://localhost:8501", rest)
    flags = {
        "sh": ["bash", "-c"],
        "python": [program, "-c"],
        "js": [program, "--input-type=module", "-e"],
    }
    check_line(run([*flags[language], code], folder), serving)


@pytest.mark.slow
def test_the_grpc_example_prints_the_same(serving: FakeServing, folder: Path) -> None:
    with fake_grpc.serve_grpc(serving) as address:
        code = block("py")
        assert "localhost:8500" in code
        code = code.replace("localhost:8500", address.removeprefix("grpc://"))
        check_line(run([sys.executable, "-c", code], folder), serving)


def test_the_specification_is_one() -> None:
    OpenAPIV31SpecValidator(SPEC).validate()


@pytest.mark.slow
@pytest.mark.parametrize("boxes", [[BOX, BOX, PixelBox(0, 0, 9999, 9)], None])
def test_requests_and_answers_are_those_of_the_specification(
    boxes: list[PixelBox] | None, rest: str, folder: Path
) -> None:
    photos = [(folder / "photo.jpg").read_bytes(), b"broken", (folder / "photo.jpg").read_bytes()]
    request = request_body(photos, boxes)
    assert faults("Request", request) == []
    status, reply = post(rest + PREDICT, request)
    assert status == 200
    assert faults("Reply", reply) == []
    answers = reply["predictions"]
    third = "ok" if boxes is None else "box_outside_image"
    assert [answer["status"] for answer in answers] == ["ok", "image_unreadable", third]
    # The specification names every output, and the page does too.
    told = set(SPEC["components"]["schemas"]["Answer"]["properties"])
    assert set(answers[0]) <= told
    assert all(f"| `{name}` |" in PAGE for name in told)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "document", "code"),
    [
        ("/v1/models/another:predict", {"instances": [{"image_bytes": {"b64": ""}}]}, 404),
        (PREDICT, {"instances": [{"image": {"b64": ""}}]}, 400),
        (PREDICT, {"signature_name": "other", "instances": [{"image_bytes": {"b64": ""}}]}, 400),
    ],
)
def test_a_refused_request_is_an_error_of_the_specification(
    path: str, document: object, code: int, rest: str
) -> None:
    status, reply = post(rest + path, document)
    assert status == code
    assert faults("Error", reply) == []
    predict = SPEC["paths"]["/v1/models/{model}:predict"]["post"]
    assert str(code) in predict["responses"]


@pytest.mark.slow
def test_the_status_of_a_model_is_that_of_the_specification(rest: str) -> None:
    with urllib.request.urlopen(f"{rest}/v1/models/pet_mood", timeout=60) as reply:
        assert faults("Status", json.load(reply)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"unsure": "no"},
        {"unsure": None},
        {"mood_index": -1},
        {"mood": ""},
        {"mood_id": ""},
        {"status": "image_unreadable"},
        {"probabilities": [2.0, 0.0]},
        {"moods": ["a"]},
    ],
)
def test_the_specification_refuses_another_answer(change: dict[str, object]) -> None:
    answer = {
        "status": "ok", "mood": "공포", "mood_id": "fearful", "mood_index": 1, "unsure": False,
        "probabilities": [0.25, 0.75], "moods": ["화남/불쾌", "공포"],
    }  # fmt: skip
    assert faults("Answer", answer) == []
    assert faults("Answer", answer | change)


@pytest.mark.parametrize(
    "request_",
    [
        {"instances": []},
        {"signature_name": "serve_box", "instances": [{"image_bytes": {"b64": ""}}]},
        {"instances": [{"image_bytes": {"b64": ""}, "box": [1, 2, 3, 4]}]},
        {
            "signature_name": "serve_box",
            "instances": [{"image_bytes": {"b64": ""}, "box": [1, 2, 3]}],
        },
    ],
)
def test_the_specification_refuses_another_request(request_: object) -> None:
    assert faults("Request", request_)


def test_the_page_names_every_mood_and_every_status() -> None:
    for mood, identifier in MOOD_IDS.items():
        assert f"| `{identifier}` | {mood} | {MOODS_IN_ENGLISH[mood]} |" in PAGE
    statuses = [value for name, value in vars(signatures).items() if name.startswith("STATUS_")]
    assert len(statuses) >= 4
    for status in statuses:
        assert f"| `{status}` |" in PAGE
        assert status in SPEC["components"]["schemas"]["AnswerStatus"]["examples"]
    assert list(MOOD_IDS.values()) == SPEC["components"]["schemas"]["MoodId"]["examples"]
