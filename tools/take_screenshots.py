r"""Takes the screenshots in docs/images from a finished run on the drawn sample.

    uv run --extra export python local_runner.py --set locate.enabled=true \
        --set export.formats=onnx
    uv run --extra demo python tools/take_screenshots.py --output build/sample

It needs Chromium (Debian's package "chromium") and, for the page that runs an export, Node and an
installed deploy/browser (docs/exports.md). The screenshots show only the sample's drawings, because
AI Hub's pictures must not be redistributed.
"""

import argparse
import csv
import io
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

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
NAMES = ("report-wide", "report-phone", "demo", "browser-page")
TIMEOUT = 60_000
"""Milliseconds."""


def main() -> None:
    """Writes the pictures of ``NAMES``."""
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
    parser.add_argument(
        "--only", nargs="+", choices=NAMES, default=list(NAMES), help="screenshots (default: all)"
    )
    args = parser.parse_args()
    if not (args.output / "report.html").is_file():
        parser.error(
            "--output must be the folder of a finished run. "
            f"Received: {args.output}, which has no report.html"
        )

    IMAGES.mkdir(exist_ok=True)
    sample = args.output / "sample_data"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=args.chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        report = (args.output / "report.html").resolve().as_uri()
        for name, width, height in (("report-wide", 1180, 2400), ("report-phone", 390, 1200)):
            if name in args.only:
                page = open_page(browser, report, width, height, "en-US")
                page.evaluate(TIDY_SCRIPT, str(args.output.resolve()))
                save_screenshot(page, name)
        if "demo" in args.only:
            with demo(args.output / "serving/pet_mood") as address:
                page = open_page(browser, address, 1180, 960, "ko-KR")
                request_prediction(page, sample)
                save_screenshot(page, "demo")
        if "browser-page" in args.only:
            with browser_page(args.output / "exports/pet_mood") as address:
                page = open_page(browser, address, 720, 1200, "ko-KR")
                page.wait_for_selector("body[data-ready]", timeout=TIMEOUT)
                page.set_input_files("#file", first_photo(sample))
                page.wait_for_selector("#answer:not([hidden])", timeout=TIMEOUT)
                save_screenshot(page, "browser-page")
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


@contextmanager
def browser_page(exports: Path) -> Iterator[str]:
    """Builds the page with the newest version's ONNX export, serves it and yields its address."""
    found = sorted(exports.glob("*/onnx"))
    if not found:
        raise SystemExit(
            "The page in the browser needs an export: run with --set export.formats=onnx, or leave "
            "it out with --only"
        )
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "page")
        command = ["npm", "run", "--silent", "build", "--", str(found[-1].resolve()), str(page)]
        subprocess.run(command, cwd=ROOT / "deploy" / "browser", check=True)
        handler = partial(_QuietHandler, directory=str(page))
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = Thread(target=server.serve_forever)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}/"
            finally:
                server.shutdown()
                thread.join()


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


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
    """Uploads the first eval photo and waits for the prediction and the heat map.

    A model without a locator takes the photo as a whole: then the photo's box is dragged.

    Args:
      page: the demo.
      sample: folder of the drawn sample.
    """
    page.set_input_files("#file", first_photo(sample))
    page.wait_for_selector("#heat-status[data-state=done]", timeout=TIMEOUT)
    if page.locator("#box[data-source=found]").is_visible():
        return
    y, x, height, width = (int(number) for number in first_row(sample)["bbox"].split(","))
    photo = page.locator("#photo").bounding_box()
    assert photo is not None
    scale = photo["width"] / page.evaluate("document.getElementById('photo').naturalWidth")
    page.mouse.move(photo["x"] + x * scale, photo["y"] + y * scale)
    page.mouse.down()
    page.mouse.move(photo["x"] + (x + width) * scale, photo["y"] + (y + height) * scale)
    page.mouse.up()
    page.wait_for_selector("#heat-status[data-state=done]", timeout=TIMEOUT)


def first_row(sample: Path) -> dict[str, str]:
    """Returns the first row of the eval table."""
    with (sample / "val.csv").open(encoding="utf-8", newline="") as file:
        return next(csv.DictReader(file))


def first_photo(sample: Path) -> Path:
    """Returns the photo of the first row of the eval table."""
    return sample / first_row(sample)["image_path"]


def save_screenshot(page: Page, name: str) -> None:
    """Writes a screenshot of the page, in ``COLOURS`` colours."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    palette = picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE)
    quantised = picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    quantised.save(IMAGES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
