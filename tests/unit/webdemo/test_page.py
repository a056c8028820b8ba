"""The demo as people use it: in a browser, with a photo, by mouse and by keyboard."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from client.backends.saved_model import SavedModel
from client.backends.weight_path import info_of
from client.predict.predictions import Prediction
from client.predict.predictor import predict_one
from dataset.boxes import PixelBox
from dataset.settings import DataSettings
from models.servable import export
from models.servable.signatures import ServingSpec
from testing.models import quadrants as samples
from testing.paths import ROOT

BOX = PixelBox(y=100, x=200, height=100, width=100)
DONE = {"timeout": 30_000}


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("serving") / "1"
    spec = ServingSpec(samples.MOODS, samples.SIDE, DataSettings().box_margin)
    export.write_servable(samples.quadrant_network(), spec, "none", str(folder))
    return folder


@pytest.fixture(scope="module")
def address(version: Path) -> Iterator[str]:
    """Where the demo's page is, around this version."""
    command = [sys.executable, str(ROOT / "demo.py"), "--port", "0", "--weight_path", str(version)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None and process.stderr is not None
            line = process.stdout.readline()
            assert line.startswith("Open http://127.0.0.1:"), process.stderr.read()
            yield line.removeprefix("Open ").strip()
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
            assert "Traceback" not in process.stderr.read()
        finally:
            process.kill()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """300 x 400 pixels, stored on its side: in BOX one mood is seen, in the whole another."""
    image = Image.new("RGB", (400, 300))
    image.paste(samples.red_at(2, BOX.height, BOX.width), (BOX.x, BOX.y))
    path = tmp_path / "phone.jpg"
    on_its_side = image.transpose(Image.Transpose.ROTATE_90)
    path.write_bytes(
        samples.encoded(on_its_side, "JPEG", orientation=samples.LIES_ON_ITS_SIDE, quality=95)
    )
    return path


def opened(browser: Browser, address: str, width: int, height: int) -> tuple[Page, list[str]]:
    """Opens the page; the list fills with what the browser complains of or asks others for."""
    page = browser.new_page(viewport={"width": width, "height": height})
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    ours = (address, "blob:" + address, "data:")
    page.on("request", lambda asked: asked.url.startswith(ours) or wrong.append(asked.url))
    page.goto(address)
    return page, wrong


def told(page: Page) -> str:
    """Waits for the answer and the map, and returns the mood."""
    expect(page.locator("#answer")).to_have_attribute("data-state", "told", **DONE)
    expect(page.locator("#heat-words")).to_have_attribute("data-state", "told", **DONE)
    return page.inner_text("#mood")


def test_a_dropped_photo_and_a_dragged_box_show_what_the_client_says(
    browser: Browser, address: str, version: Path, photo: Path
) -> None:
    page, wrong = opened(browser, address, 1280, 900)
    page.set_input_files("#file", photo)
    whole = told(page)
    shown = page.locator("#photo").bounding_box()
    assert shown is not None and shown["width"] / shown["height"] == pytest.approx(400 / 300, 0.01)
    scale = shown["width"] / 400
    left, top = shown["x"] + BOX.x * scale, shown["y"] + BOX.y * scale
    page.mouse.move(left + BOX.width * scale, top + BOX.height * scale)  # From any corner.
    page.mouse.down()
    page.mouse.move(left + 5, top + 9)
    page.mouse.move(left, top)
    page.mouse.up()
    mood = told(page)
    box = PixelBox(*(int(page.input_value(f"#{side}")) for side in ("y", "x", "height", "width")))
    assert max(abs(a - b) for a, b in zip(box, BOX, strict=True)) <= 2
    row = predict_one(SavedModel(version, info_of(version)), "phone.jpg", photo.read_bytes(), box)
    assert isinstance(row, Prediction)
    assert whole == "편안/안정" and mood == row.mood == "행복/즐거움"
    shares = page.locator("#moods tbody b").all_inner_texts()
    ordered = sorted(row.probabilities.values(), reverse=True)
    assert shares == [f"{100 * value:.1f} %" for value in ordered]
    # The map lies over the box, and is warm at the bottom left of it.
    over, frame = (page.locator(part).bounding_box() for part in ("#heat", "#box"))
    assert over == pytest.approx(frame, abs=1)
    warm = page.evaluate(
        "[...document.getElementById('heat').getContext('2d').getImageData(0, 0, 8, 8).data]"
        ".filter((_, index) => index % 4 == 3)"
    )
    # Not cold at the top: grey there is red enough to speak for the other moods.
    assert warm[8 * 6 + 1] > 150 and max(warm[: 8 * 3]) < 100
    assert wrong == []
    page.close()


def test_on_a_phone_a_photo_that_lands_on_the_page_is_boxed_by_keyboard(
    browser: Browser, address: str, photo: Path
) -> None:
    page, wrong = opened(browser, address, 390, 844)
    page.evaluate(
        """async bytes => {
            const carried = new DataTransfer();
            carried.items.add(new File([new Uint8Array(bytes)], "a.jpg", {type: "image/jpeg"}));
            document.body.dispatchEvent(
                new DragEvent("drop", {dataTransfer: carried, bubbles: true, cancelable: true}));
        }""",
        list(photo.read_bytes()),
    )
    assert told(page) == "편안/안정"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "file"
    for side in (BOX.x, BOX.y, BOX.width, BOX.height):
        page.keyboard.press("Tab")
        page.keyboard.type(str(side))
    page.keyboard.press("Tab")
    expect(page.locator("#mood")).to_have_text("행복/즐거움", **DONE)
    told(page)
    page.keyboard.press("Enter")  # The focus is on "whole photo".
    expect(page.locator("#mood")).to_have_text("편안/안정", **DONE)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    told(page)
    assert wrong == []
    page.close()


def test_what_is_no_photo_is_said_and_the_next_photo_is_answered(
    browser: Browser, address: str, photo: Path, tmp_path: Path
) -> None:
    page, _ = opened(browser, address, 1280, 900)
    (tmp_path / "text.jpg").write_text("no picture", "utf-8")
    page.set_input_files("#file", tmp_path / "text.jpg")
    expect(page.locator("#answer")).to_have_attribute("data-state", "error", **DONE)
    assert "사진 파일이 아닙니다" in page.inner_text("#status")
    assert "not a picture" in page.inner_text("#status")
    assert not page.is_visible("#moods")
    page.set_input_files("#file", photo)
    assert told(page) == "편안/안정"
    page.close()
