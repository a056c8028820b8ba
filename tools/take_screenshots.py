"""Takes the screenshots in docs/images from a finished run on the drawn sample.

    uv run python local_runner.py
    uv run --extra demo python tools/take_screenshots.py --output build/sample

It needs Chromium (Debian's package "chromium"). Only the sample's drawings are shown: AI Hub's
pictures must not be handed on.
"""

import argparse
import csv
import io
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
COLOURS = 256
"""Of a picture: a PNG of a screen keeps its look, at a third of the size."""
TIDY = """folder => {
    for (const part of document.querySelectorAll("details")) part.open = false;
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const text = texts.currentNode;
        text.data = text.data.replaceAll(folder, "build/sample");
    }
}"""
"""Folds the long lists, and names the folder as README.md does: where it lies on the machine that
took the pictures is nobody's business."""
WAIT = 60_000
"""Milliseconds."""


def main() -> None:
    """Writes report-wide.png, report-phone.png and demo.png."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("build/sample"))
    parser.add_argument("--chromium", default="/usr/bin/chromium", help="the browser's program")
    given = parser.parse_args()
    if not (given.output / "report.html").is_file():
        parser.error(f"--output must hold a finished run. {given.output} has no report.html")
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright, demo(given.output / "serving/pet_mood") as address:
        browser = playwright.chromium.launch(
            executable_path=given.chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        report = (given.output / "report.html").resolve().as_uri()
        for name, width, height in (("report-wide", 1100, 2600), ("report-phone", 390, 1200)):
            page = opened(browser, report, width, height)
            page.evaluate(TIDY, str(given.output.resolve()))
            keep(page, name)
        page = opened(browser, address, 1180, 800)
        ask(page, given.output / "sample_data")
        keep(page, "demo")
        browser.close()


@contextmanager
def demo(version: Path) -> Iterator[str]:
    """Runs the demo around a pushed version and yields its address."""
    command = [sys.executable, str(ROOT / "demo.py"), "--port", "0", "--weight_path", str(version)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise SystemExit("The demo did not start; it has said why above.")
            yield line.removeprefix("Open ").strip()
        finally:
            process.send_signal(signal.SIGINT)


def opened(browser: Browser, address: str, width: int, height: int) -> Page:
    """Opens an address at a size in pixels, in light colours."""
    page = browser.new_page(
        viewport={"width": width, "height": height}, color_scheme="light", locale="ko-KR"
    )
    page.goto(address)
    return page


def ask(page: Page, sample: Path) -> None:
    """Uploads the first eval photo, drags its box and waits for the answer and the map."""
    with (sample / "val.csv").open(encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    page.set_input_files("#file", sample / row["image_path"])
    page.wait_for_selector("#heat-status[data-state=done]", timeout=WAIT)
    y, x, height, width = (int(number) for number in row["bbox"].split(","))
    shown = page.locator("#photo").bounding_box()
    assert shown is not None
    scale = shown["width"] / page.evaluate("document.getElementById('photo').naturalWidth")
    page.mouse.move(shown["x"] + x * scale, shown["y"] + y * scale)
    page.mouse.down()
    page.mouse.move(shown["x"] + (x + width) * scale, shown["y"] + (y + height) * scale)
    page.mouse.up()
    page.wait_for_selector("#heat-status[data-state=done]", timeout=WAIT)


def keep(page: Page, name: str) -> None:
    """Writes what the page shows, in few colours."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    palette = picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE)
    few = picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    few.save(IMAGES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
