"""``serve.py`` as a program: in front of a server of TensorFlow Serving's messages, or alone."""

import contextlib
import json
import resource
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
import trustme

from dataset.settings import DataSettings
from gateway.calls import Call, Target
from gateway.forms import messages
from gateway.forms.grpc import call_message, parsed_answer
from schemas import request_log as columns
from system.parquet import read_table
from testing.models import quadrants
from testing.models.servables import quadrant_servable
from testing.paths import ROOT
from testing.serving.fake_grpc import serve_grpc
from testing.serving.fake_rest import serve_rest
from testing.serving.fake_serving import FakeServing

pytestmark = pytest.mark.slow
SECRET = "s3cret-of-the-first-client"


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("serving") / "pet_mood"
    servable = quadrant_servable(tmp_path_factory, DataSettings().box_margin)
    for name in ("9", "10"):
        shutil.copytree(servable, folder / name)
    return folder


@pytest.fixture(scope="module")
def serving(versions: Path) -> FakeServing:
    return FakeServing("pet_mood", versions, {"stable": 9})


@contextlib.contextmanager
def program(*flags: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Runs the program, and yields its address."""
    command = [sys.executable, str(ROOT / "serve.py"), "--port", "0", *flags]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None and process.stderr is not None
            line = process.stdout.readline()
            assert line.startswith("Serving at http"), process.stderr.read()
            yield line.removeprefix("Serving at ").strip().rstrip("/"), process
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
            errors = process.stderr.read()
            assert "Traceback" not in errors
            assert SECRET not in errors
        finally:
            process.kill()


def logged(folder: Path) -> list[dict[str, Any]]:
    files = sorted(folder.glob(columns.FILES))
    return [
        row for file in files for row in read_table(str(file), list(columns.COLUMNS)).to_pylist()
    ]


@pytest.mark.parametrize("serve", [serve_rest, serve_grpc], ids=["rest", "grpc"])
def test_in_front_of_a_server_a_turned_photo_and_its_box_are_answered_and_logged(
    serve: Any, serving: FakeServing, tmp_path: Path
) -> None:
    """Orientation 6: red at the stored bottom left is red at the upright top left."""
    photo = quadrants.encoded(quadrants.red_at(2, 64, 64), "JPEG", 6, quality=95)
    with (
        serve(serving) as server,
        program(
            *("--server", f"{server}/v1/models/pet_mood/labels/stable"),
            *("--set", f"log.folder={tmp_path / 'log'}", "--set", "log.photos=true"),
        ) as (address, process),
        httpx.Client(base_url=address, timeout=120) as web,  # The first call traces a signature.
    ):
        whole = web.post("/v1/mood", content=photo).json()
        boxed = web.post("/v1/mood?box=0,0,32,32", content=photo).json()
        outside = web.post("/v1/mood?box=900,900,32,32", content=photo)
        canary = web.post(
            "/v1/models/pet_mood/versions/10:predict", json={"instances": [{"b64": "AAAA"}]}
        ).json()
        modules = _modules_of(process.pid)
    assert (whole["mood"], whole["version"]) == (quadrants.MOODS[0], 9)
    assert whole["probabilities"][quadrants.MOODS[0]] > 0.99
    assert boxed["mood"] == quadrants.MOODS[0]
    assert (outside.status_code, outside.json()["status"]) == (422, "box_outside_image")
    assert canary["predictions"][0]["status"] == "image_unreadable"
    assert not any("tensorflow" in name for name in modules)
    rows = logged(tmp_path / "log")
    assert [row["status"] for row in rows] == [
        "ok", "ok", "box_outside_image", "image_unreadable",
    ]  # fmt: skip
    assert [row["version"] for row in rows] == [9, 9, 9, 10]
    assert [row["photo"] == photo for row in rows] == [True, True, True, False]
    assert (rows[0]["height"], rows[0]["width"], rows[0]["box"]) == (64, 64, [0, 0, 64, 64])
    assert rows[0]["brightness"] == pytest.approx(76 / 255 / 4, abs=0.01)


def _modules_of(process: int) -> set[str]:
    """Returns the shared libraries that a process has loaded."""
    return set(Path(f"/proc/{process}/maps").read_text().split())


def test_alone_with_tls_and_tokens_a_pushed_version_speaks_both_forms(
    versions: Path, tmp_path: Path
) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    certificate.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    (tmp_path / "tokens").write_text(f"shop {SECRET}\n")
    (tmp_path / "token").write_text(SECRET)
    photo = tmp_path / "photo.png"
    photo.write_bytes(quadrants.encoded(quadrants.red_at(1)))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        grpc_port = str(probe.getsockname()[1])
    with program(
        *("--weight_path", str(versions), "--tokens", str(tmp_path / "tokens")),
        *("--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem")),
        *("--grpc-port", grpc_port),
    ) as (address, _):
        port = address.rpartition(":")[2]
        result = subprocess.run(
            [sys.executable, str(ROOT / "inference.py"), str(photo),
             "--server", f"https://localhost:{port}", "--timeout", "120",
             "--ca", str(tmp_path / "ca.pem"), "--token-file", str(tmp_path / "token")],
            capture_output=True,
            text=True,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout)["mood"] == quadrants.MOODS[1]
        request = call_message(
            Call("serving_default", {"image_bytes": [photo.read_bytes()]}), "pet_mood", Target()
        )
        credentials = grpc.ssl_channel_credentials((tmp_path / "ca.pem").read_bytes())
        with grpc.secure_channel(f"localhost:{grpc_port}", credentials) as channel:
            answer = channel.unary_unary(messages.PREDICT)(
                request.SerializeToString(),
                timeout=120,
                metadata=(("authorization", f"Bearer {SECRET}"),),
            )
        (row,) = parsed_answer(messages.PredictResponse.FromString(answer), 1).rows
        assert row["mood"] == quadrants.MOODS[1]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--server", "ftp://x"), "--server must name a server"),
        (("--server", "http://x", "--set", "limit.photo=3"), "Did you mean"),
        (("--server", "http://x", "--set", "limit.photos=0"), "must lie in 1..4096"),
        (("--server", "http://x", "--set", "limit.burst=1"), "limit.burst must be at least"),
        (("--server", "http://x", "--tokens", "/nowhere"), "--tokens must name a text file"),
        (("--server", "http://x", "--tls-cert", "/nowhere"), "go together"),
        (("--server", "http://x", "--timeout", "0"), "--timeout must be above 0"),
        (("--weight_path", "/nowhere"), "does not exist"),
        (("--weight_path", "."), "holds neither"),
        (("--weight_path", ".", "--ca", "x"), "go with --server"),
    ],
)
def test_wrong_flags_end_with_2_and_one_message(flags: tuple[str, ...], words: str) -> None:
    from serve import main

    with contextlib.redirect_stderr(_Text()) as errors:
        assert main(list(flags)) == 2
    assert words in errors.text
    assert "Traceback" not in errors.text


class _Text:
    """A standard error that keeps its text."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass


def test_a_full_disk_loses_rows_and_no_answers(tmp_path: Path) -> None:
    """A limit on the size of files fails in the same way: an OSError in the middle of a file."""
    from gateway.log.entries import encoded as entry_bytes
    from gateway.settings import LogSettings

    settings = LogSettings(folder=str(tmp_path / "log"), rows=1, photos=True)
    photo = quadrants.encoded(quadrants.mottled(200, 200))
    entry: Any = {
        "time": 0.0, "request_id": "1", "route": "mood", "model": "m", "version": 1,
        "signature": "serving_default", "seconds": 0.1, "boxes": [None],
        "rows": [{"status": "ok"}], "photo_bytes": [len(photo)],
    }  # fmt: skip
    result = subprocess.run(
        [sys.executable, "-m", "gateway.log.writer", settings.to_json()],
        input=entry_bytes(entry, [photo]) * 2,
        capture_output=True,
        cwd=ROOT,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000)),
    )
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(each["outcome"], each["rows"]) for each in told] == [("failed", 1)] * 2
    assert "File too large" in told[0]["reason"]
    assert result.returncode == 0
    assert not list((tmp_path / "log").iterdir())
