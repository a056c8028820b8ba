"""Which tests run in one process, so that what a session shares is made once; and a browser."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parent


# First, for pytest-xdist reads the marks in a hook of the same name.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps a package's tests together, and all that need the whole run."""
    for item in items:
        needs_run = "pushed" in getattr(item, "fixturenames", ())
        kind, room, *_ = item.path.relative_to(TESTS).parts
        group = "whole run" if needs_run else room if kind == "unit" else kind
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(ids: list[str]) -> None:
    """Refuses to go on without groups: that would take longer and let tests meet each other."""
    if lost := [nodeid for nodeid in ids if "@" not in nodeid]:
        pytest.exit(f"pytest-xdist does not know the group of {lost[0]}", returncode=1)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium; where it is not installed, its tests are left out, but for CI."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None and "CI" not in os.environ:
        pytest.skip("needs Debian's package chromium")
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        started = playwright.chromium.launch(executable_path=chromium, args=options)
        yield started
        started.close()
