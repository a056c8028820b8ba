"""Pages of runs in a browser: opened, read as people do, and checked for accessibility."""

import importlib.resources
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request

WIDE, PHONE = (1280, 900), (390, 844)
"""Sizes of windows, pixels."""
_WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
"""Tags of axe-core's rules for WCAG up to 2.2, level AA."""


def opened(browser: Browser, page_file: Path, size: tuple[int, int], **how: Any) -> Page:
    """Opens a page and fails on whatever the browser complains of or asks the network for."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, **how)
    page.on("console", lambda message: pytest.fail(message.text))
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.on("request", _refuse_network)
    page.goto(page_file.as_uri())
    return page


def _refuse_network(request: Request) -> None:
    if request.url[:5] not in ("file:", "data:"):
        pytest.fail(request.url)


def violations(page: Page) -> list[str]:
    """Returns the rules of WCAG AA that a page breaks, with the elements that do, by axe-core.

    The page must have been opened with ``bypass_csp=True``: it lets in no script of others.
    """
    script = importlib.resources.files("axe_playwright_python").joinpath("axe.min.js")
    page.evaluate(script.read_text("utf-8"))
    options = {"runOnly": {"type": "tag", "values": _WCAG}, "resultTypes": ["violations"]}
    found = page.evaluate("options => axe.run(document, options)", options)["violations"]
    return [f"{each['id']}: {[node['target'] for node in each['nodes']][:5]}" for each in found]


def overflow(page: Page) -> int:
    """Returns by how many pixels the page is wider than its window; 0 where all is in sight."""
    width: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return max(0, width)
