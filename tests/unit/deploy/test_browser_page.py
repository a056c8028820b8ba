"""The static page in headless Chromium answers as the servable does, also without its server."""

import contextlib
import functools
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from client.backends.model import Response
from client.backends.saved_model import SavedModel
from client.backends.weight_path import read_model_info
from dataset.boxes import PixelBox
from dataset.settings import DataSettings
from schemas import signatures
from schemas.labels import MOODS_IN_ENGLISH
from testing.models import quadrants
from testing.models.exported import write_quadrant_export
from testing.models.servables import finding_servable, quadrant_servable
from testing.paths import ROOT

PAGE = ROOT / "deploy" / "browser"
WAIT = 60_000
"""Milliseconds: WebAssembly is compiled on a busy machine."""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """A plain static server of a folder, until the end of the block."""
    handler = functools.partial(Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def servable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return quadrant_servable(tmp_path_factory, DataSettings().box_margin)


def built(export: Path) -> Path:
    """Returns the folder of the page with an export, beside it."""
    folder = export.parent / "page"
    command = ["npm", "run", "--silent", "build", "--", str(export), str(folder)]
    subprocess.run(command, cwd=PAGE, check=True, capture_output=True, timeout=60)
    return folder


@pytest.fixture(scope="module")
def new_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("npm") is None:
        pytest.skip("needs npm, which is not installed")
    if not (PAGE / "node_modules").exists() and "CI" not in os.environ:
        pytest.skip("needs npm install --no-package-lock in deploy/browser")
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def page_folder(servable: Path, new_folder: Path) -> Path:
    """The page with an export of ``quadrants.quadrant_network``."""
    return built(write_quadrant_export(servable, "onnx", new_folder / "onnx"))


def photo_of(folder: Path) -> Path:
    """A phone's photo of 400 x 300 (width x height), stored on its side."""
    image = quadrants.mottled(300, 400, seed=5)
    image.paste(quadrants.red_at(2, 100, 120), (200, 100))
    path = folder / "phone.jpg"
    stored = image.transpose(Image.Transpose.ROTATE_90)
    path.write_bytes(
        quadrants.encoded(stored, "JPEG", orientation=quadrants.ON_ITS_SIDE, quality=95)
    )
    return path


def answer_on(page: Page) -> dict[str, float]:
    rows = page.locator("#probabilities tr")
    read = "all => all.map((row) => [row.dataset.mood, Number(row.dataset.probability)])"
    return dict(rows.evaluate_all(read))


def agrees(page: Page, expected: Response) -> None:
    got = answer_on(page)
    assert got.keys() == expected.probabilities.keys()
    # A level that the browser's decoder rounds otherwise moves these by less.
    assert max(abs(got[name] - expected.probabilities[name]) for name in got) < 0.005
    assert page.inner_text("#mood") == expected.mood
    assert page.inner_text("#english") == MOODS_IN_ENGLISH[expected.mood]


@pytest.mark.slow
def test_the_page_answers_as_the_servable_with_and_without_a_box_and_offline(
    page_folder: Path, servable: Path, browser: Browser, tmp_path: Path
) -> None:
    photo = photo_of(tmp_path)
    model = SavedModel(servable, read_model_info(servable))
    context = browser.new_context(viewport={"width": 800, "height": 1000})
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    with served(page_folder) as address:
        page.on("request", lambda request: check_address(request.url, address, problems))
        page.goto(address)
        page.wait_for_selector("body[data-ready]", timeout=WAIT)
        page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
        page.set_input_files("#file", photo)
        page.wait_for_selector("#answer:not([hidden])", timeout=WAIT)
        (expected,) = model.predict([photo.read_bytes()], None)
        agrees(page, expected)
        # This model cannot find the animal, which the page says.
        assert page.is_visible("#guess") and page.is_visible("#hint")
        assert page.is_hidden("#drawings")

        # The photo is shown as large as it is: a pixel of the page is one of the photo.
        page.locator("#photo").scroll_into_view_if_needed()
        frame = page.locator("#photo").bounding_box()
        assert frame is not None
        assert (frame["width"], frame["height"]) == (400, 300)
        page.mouse.move(frame["x"] + 200, frame["y"] + 100)
        page.mouse.down()
        page.mouse.move(frame["x"] + 320, frame["y"] + 200, steps=3)
        page.mouse.up()
        page.wait_for_selector("#whole:not([hidden])", timeout=WAIT)
        # Not wait_for_function: what it asks a second time is a string, which the page forbids.
        expect(page.locator("#mood")).to_have_text(quadrants.MOODS[2], timeout=WAIT)
        (boxed,) = model.predict([photo.read_bytes()], [PixelBox(100, 200, 100, 120)])
        assert boxed.mood == quadrants.MOODS[2] != expected.mood
        agrees(page, boxed)
        assert page.is_hidden("#guess")

    # Its server is gone.
    page.goto(address)
    page.wait_for_selector("body[data-ready]", timeout=WAIT)
    page.set_input_files("#file", photo)
    page.wait_for_selector("#answer:not([hidden])", timeout=WAIT)
    agrees(page, expected)
    (tmp_path / "text.jpg").write_text("no picture")
    page.set_input_files("#file", tmp_path / "text.jpg")
    expect(page.locator("#message")).to_contain_text("JPEG", timeout=WAIT)
    assert not page.locator("#answer").is_visible()
    assert problems == []
    context.close()


@pytest.mark.slow
def test_the_page_finds_the_animal_as_the_servable_does(
    new_folder: Path, browser: Browser, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    finding = finding_servable(tmp_path_factory, DataSettings().box_margin)
    export = write_quadrant_export(
        finding, "onnx", new_folder / "found" / "onnx", with_locator=True
    )
    spec = export / signatures.SPEC_ASSET
    spec.write_text(json.dumps(json.loads(spec.read_text()) | {"trained_on": "drawings"}))
    photo, black = photo_of(tmp_path), tmp_path / "black.png"
    Image.new("RGB", (80, 60)).save(black)
    (expected,) = SavedModel(finding, read_model_info(finding)).predict([photo.read_bytes()], None)
    assert expected.box_source == "found"
    page = browser.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    with served(built(export)) as address:
        page.goto(address)
        page.wait_for_selector("body[data-ready]", timeout=WAIT)
        page.set_input_files("#file", photo)
        page.wait_for_selector("#answer:not([hidden])", timeout=WAIT)
        agrees(page, expected)
        assert page.inner_text("#score") == f"{expected.found:.2f}"
        assert page.is_hidden("#guess") and page.is_hidden("#hint")
        assert "trained on drawings" in page.inner_text("#drawings")
        page.set_input_files("#file", black)
        expect(page.locator("#message")).to_contain_text("No animal", timeout=WAIT)
        assert page.locator("#answer").is_hidden()
        assert page.locator("#photo").is_visible()  # To drag a box.
    assert problems == []
    page.close()


def check_address(url: str, address: str, problems: list[str]) -> None:
    if not url.startswith((address, f"blob:{address}", "data:")):
        problems.append(url)


def test_the_moods_are_translated_as_everywhere() -> None:
    text = (PAGE / "app.js").read_text("utf-8")
    table = re.search(r"const ENGLISH = \{(.*?)\};", text, re.DOTALL)
    assert table is not None
    assert dict(re.findall(r'"(.+?)": "(.+?)"', table[1])) == MOODS_IN_ENGLISH


def test_the_build_copies_every_file_that_the_page_names() -> None:
    build = (PAGE / "build.mjs").read_text("utf-8")
    named = re.findall(
        r'"(?:\./)?([\w.-]+\.(?:css|js|mjs|onnx|json))"',
        (PAGE / "index.html").read_text("utf-8") + (PAGE / "app.js").read_text("utf-8"),
    )
    for name in {*named} - {"sw.js"}:  # That one is written, and not copied.
        assert f'"{name}"' in build, name
