"""The demo in a browser: with a photo, by mouse and by keyboard."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from client.backends.saved_model import SavedModel
from client.backends.weight_path import read_model_info
from client.predict.predict_batches import predict_one
from client.predict.predictions import Prediction
from dataset.boxes import PixelBox
from testing.models import quadrants

pytestmark = pytest.mark.slow

BOX = PixelBox(y=100, x=200, height=100, width=100)
SLOW = {"timeout": 30_000}


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo of 300 x 400 pixels, stored on its side; BOX has another mood than the whole."""
    image = Image.new("RGB", (400, 300))
    image.paste(quadrants.red_at(2, BOX.height, BOX.width), (BOX.x, BOX.y))
    path = tmp_path / "phone.jpg"
    on_its_side = image.transpose(Image.Transpose.ROTATE_90)
    path.write_bytes(
        quadrants.encoded(on_its_side, "JPEG", orientation=quadrants.ON_ITS_SIDE, quality=95)
    )
    return path


def opened(browser: Browser, address: str, width: int, height: int) -> tuple[Page, list[str]]:
    """Opens the page; the list gets console messages, errors and requests to other addresses."""
    page = browser.new_page(viewport={"width": width, "height": height})
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    allowed = (address, "blob:" + address, "data:")
    page.on(
        "request",
        lambda request: request.url.startswith(allowed) or problems.append(request.url),
    )
    page.goto(address)
    return page, problems


def predicted_mood(page: Page) -> str:
    """Waits for the prediction and the heat map, and returns the mood."""
    expect(page.locator("#prediction")).to_have_attribute("data-state", "done", **SLOW)
    expect(page.locator("#heat-status")).to_have_attribute("data-state", "done", **SLOW)
    return page.inner_text("#mood")


def test_a_dropped_photo_and_a_dragged_box_get_the_clients_prediction(
    browser: Browser, address: str, version: Path, photo: Path
) -> None:
    page, problems = opened(browser, address, 1280, 900)
    page.set_input_files("#file", photo)
    whole = predicted_mood(page)
    shown = page.locator("#photo").bounding_box()
    assert shown is not None and shown["width"] / shown["height"] == pytest.approx(400 / 300, 0.01)
    scale = shown["width"] / 400
    left, top = shown["x"] + BOX.x * scale, shown["y"] + BOX.y * scale
    page.mouse.move(left + BOX.width * scale, top + BOX.height * scale)  # From any corner.
    page.mouse.down()
    page.mouse.move(left + 5, top + 9)
    page.mouse.move(left, top)
    page.mouse.up()
    mood = predicted_mood(page)
    box = PixelBox(*(int(page.input_value(f"#{side}")) for side in ("y", "x", "height", "width")))
    assert max(abs(a - b) for a, b in zip(box, BOX, strict=True)) <= 2
    outcome = predict_one(
        SavedModel(version, read_model_info(version)), "phone.jpg", photo.read_bytes(), box
    )
    assert isinstance(outcome, Prediction)
    assert whole == "편안/안정" and mood == outcome.mood == "행복/즐거움"
    shares = page.locator("#moods tbody b").all_inner_texts()
    ordered = sorted(outcome.probabilities.values(), reverse=True)
    assert shares == [f"{100 * value:.1f} %" for value in ordered]
    # The heat map lies over the box, and is hot at the bottom left of it.
    heat, frame = (page.locator(part).bounding_box() for part in ("#heat", "#box"))
    assert heat == pytest.approx(frame, abs=1)
    opacities = page.evaluate(
        "[...document.getElementById('heat').getContext('2d').getImageData(0, 0, 8, 8).data]"
        ".filter((_, index) => index % 4 == 3)"
    )
    # Not 0 at the top: the grey square is red enough there to raise the other moods.
    assert opacities[8 * 6 + 1] > 150 and max(opacities[: 8 * 3]) < 100
    assert problems == []
    page.close()


def test_on_a_phone_a_photo_that_lands_on_the_page_is_boxed_by_keyboard(
    browser: Browser, address: str, photo: Path
) -> None:
    page, problems = opened(browser, address, 390, 844)
    page.evaluate(
        """async bytes => {
            const carried = new DataTransfer();
            carried.items.add(new File([new Uint8Array(bytes)], "a.jpg", {type: "image/jpeg"}));
            document.body.dispatchEvent(
                new DragEvent("drop", {dataTransfer: carried, bubbles: true, cancelable: true}));
        }""",
        list(photo.read_bytes()),
    )
    assert predicted_mood(page) == "편안/안정"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "file"
    for side in (BOX.x, BOX.y, BOX.width, BOX.height):
        page.keyboard.press("Tab")
        page.keyboard.type(str(side))
    page.keyboard.press("Tab")
    expect(page.locator("#mood")).to_have_text("행복/즐거움", **SLOW)
    predicted_mood(page)
    page.keyboard.press("Enter")  # The focus is on "whole photo".
    expect(page.locator("#mood")).to_have_text("편안/안정", **SLOW)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    predicted_mood(page)
    assert problems == []
    page.close()


def test_a_broken_photo_is_reported_and_the_next_one_is_predicted(
    browser: Browser, address: str, photo: Path, tmp_path: Path
) -> None:
    page, _ = opened(browser, address, 1280, 900)
    (tmp_path / "text.jpg").write_text("no picture", "utf-8")
    page.set_input_files("#file", tmp_path / "text.jpg")
    expect(page.locator("#prediction")).to_have_attribute("data-state", "error", **SLOW)
    assert "사진 파일이 아니거나" in page.inner_text("#status")
    assert "not a photo" in page.inner_text("#status")
    assert not page.is_visible("#moods")
    page.set_input_files("#file", photo)
    assert predicted_mood(page) == "편안/안정"
    page.close()
