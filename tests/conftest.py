"""Which tests run in one process, so that what a session shares is made once."""

import pytest


# First, for pytest-xdist reads the marks in a hook of the same name.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps a folder's tests together, and all that need the whole run."""
    for item in items:
        needs_run = "pushed" in getattr(item, "fixturenames", ())
        group = "whole run" if needs_run else str(item.path.parent)
        item.add_marker(pytest.mark.xdist_group(group))
