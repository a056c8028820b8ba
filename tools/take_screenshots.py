"""Takes the screenshots in docs/images from a finished run on the drawn sample.

    uv run python local_runner.py
    uv run --extra demo python tools/take_screenshots.py --output build/sample

It needs Chromium (Debian's package "chromium"). The screenshots show only the sample's drawings,
because AI Hub's pictures must not be redistributed.
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
"""Colours of a screenshot: no difference is visible, and the PNG has a third of the size."""
TIDY_SCRIPT = """folder => {
    for (const part of document.querySelectorAll("details")) part.open = false;
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const text = texts.currentNode;
        text.data = text.data.replaceAll(folder, "build/sample");
    }
}"""
"""Folds the long lists and names the output folder as README.md does, so that no path of this
machine is shown."""
TIMEOUT = 60_000
"""Milliseconds."""


def main() -> None:
    """Writes report-wide.png, report-phone.png and demo.png."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # As system.streams does.
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("build/sample"),
        metavar="FOLDER",
        help="output folder of the run (default: %(default)s)",
    )
    parser.add_argument(
        "--chromium",
        default="/usr/bin/chromium",
        metavar="FILE",
        help="program of the browser (default: %(default)s)",
    )
    args = parser.parse_args()
    if not (args.output / "report.html").is_file():
        parser.error(
            "--output must be the folder of a finished run. "
            f"Received: {args.output}, which has no report.html"
        )

    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright, demo(args.output / "serving/pet_mood") as address:
        browser = playwright.chromium.launch(
            executable_path=args.chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        report = (args.output / "report.html").resolve().as_uri()
        for name, width, height in (("report-wide", 1180, 2400), ("report-phone", 390, 1200)):
            page = open_page(browser, report, width, height, "en-US")
            page.evaluate(TIDY_SCRIPT, str(args.output.resolve()))
            save_screenshot(page, name)

        page = open_page(browser, address, 1180, 800, "ko-KR")
        request_prediction(page, args.output / "sample_data")
        save_screenshot(page, "demo")
        browser.close()


@contextmanager
def demo(version: Path) -> Iterator[str]:
    """Runs the demo with a pushed version and yields its address."""
    command = [sys.executable, str(ROOT / "demo.py"), "--port", "0", "--weight_path", str(version)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise SystemExit("The demo did not start. Its own message is above.")
            yield line.removeprefix("Open ").strip()
        finally:
            process.send_signal(signal.SIGINT)


def open_page(browser: Browser, address: str, width: int, height: int, locale: str) -> Page:
    """Opens an address in a window of the given size in pixels, in light colours.

    The locale chooses the language of the report; the demo shows both.
    """
    page = browser.new_page(
        viewport={"width": width, "height": height}, color_scheme="light", locale=locale
    )
    page.goto(address)
    return page


def request_prediction(page: Page, sample: Path) -> None:
    """Uploads the first eval photo, drags its box and waits for the prediction and the heat map.

    Args:
      page: the demo.
      sample: folder of the drawn sample.
    """
    with (sample / "val.csv").open(encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    page.set_input_files("#file", sample / row["image_path"])
    page.wait_for_selector("#heat-status[data-state=done]", timeout=TIMEOUT)
    y, x, height, width = (int(number) for number in row["bbox"].split(","))
    photo = page.locator("#photo").bounding_box()
    assert photo is not None
    scale = photo["width"] / page.evaluate("document.getElementById('photo').naturalWidth")
    page.mouse.move(photo["x"] + x * scale, photo["y"] + y * scale)
    page.mouse.down()
    page.mouse.move(photo["x"] + (x + width) * scale, photo["y"] + (y + height) * scale)
    page.mouse.up()
    page.wait_for_selector("#heat-status[data-state=done]", timeout=TIMEOUT)


def save_screenshot(page: Page, name: str) -> None:
    """Writes a screenshot of the page, in ``COLOURS`` colours."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    palette = picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE)
    quantised = picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    quantised.save(IMAGES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
