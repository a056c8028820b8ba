"""Which tests run in one process, so that what a session shares is made once; and a browser."""

import gc
import os
import re
import shutil
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from testing.processes import forked

if TYPE_CHECKING:
    from testing.buckets.amazon import Amazon
    from testing.buckets.google_process import GoogleCloudProcess

TESTS = Path(__file__).parent
RUNS = TESTS / "runner"
"""Needs TFX, which takes 20 s to import: all of it is slow."""
SHARED = {RUNS: ("pushed", "replayed"), TESTS / "unit" / "models": ("trained",)}
"""Fixtures of a session that take so long that all tests with one are a group of their own, and
slow."""
SERVED = {
    TESTS / "unit" / "client": "versions",
    TESTS / "unit" / "webdemo": "version",
    TESTS / "unit" / "deploy": "serving",
}
"""Fixtures that load a servable, by folder: 20 s. All tests with one are slow."""
LONGEST_FIRST = (
    *("pushed", "unit/models/training", "replayed", "unit/client", "trained"),
    *("runner/test_tuner.py", "runner/test_crash.py", "runner/test_train_command.py"),
    *("unit/models/network", "unit/models/tuning", "unit/cluster", "runner/test_other_engine.py"),
    "unit/pipeline",
)
"""Groups that take half a minute or more. The others follow, so that both processes end at about
the same time."""
ALL_SLOW = re.compile(r"^pytestmark = pytest\.mark\.slow$", re.MULTILINE)


def pytest_configure(config: pytest.Config) -> None:
    """Lets all processes of the tests share one that has imported TFX, once it is asked for.

    A shell without job control starts what it puts into the background with SIGINT ignored, and
    the commands that tests interrupt would inherit that.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if "PYTEST_XDIST_WORKER" not in os.environ:
        config.add_cleanup(forked.serve())


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Does not even import a file all of whose tests will be left out."""
    if config.option.markexpr != "not slow":
        return None
    if collection_path.suffix == ".py":
        return bool(ALL_SLOW.search(collection_path.read_text("utf-8"))) or None
    return collection_path == RUNS or None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Has the garbage collector leave alone what is imported, millions of objects."""
    gc.disable()
    yield
    gc.freeze()
    gc.enable()


# First, for pytest-xdist reads the marks in a hook of the same name.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps together what shares a fixture that takes long, and each folder or run."""
    groups = {item: group_of(item) for item in items}
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))
        if RUNS in item.path.parents or "/" not in group or asks_a_servable(item):
            item.add_marker(pytest.mark.slow)
    ranks = {group: rank for rank, group in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: ranks.get(groups[item], len(ranks)))


def group_of(item: pytest.Item) -> str:
    """Returns the fixture that takes long, or the file of runs, or the package that is tested.

    ``models`` is many groups, for it takes longest.
    """
    for folder, fixtures in SHARED.items():
        for name in fixtures:
            if folder in item.path.parents and name in getattr(item, "fixturenames", ()):
                return name
    place = item.path.relative_to(TESTS)
    if place.parts[:2] == ("unit", "models"):
        return place.parent.as_posix()
    return "/".join(place.parts[:2])


def asks_a_servable(item: pytest.Item) -> bool:
    """Returns whether a test outside ``models`` needs a servable."""
    names = getattr(item, "fixturenames", ())
    return any(folder in item.path.parents and name in names for folder, name in SERVED.items())


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


@pytest.fixture(scope="session")
def google_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator["GoogleCloudProcess"]:
    """Google Cloud Storage on this machine, with the bucket gs://pet."""
    from testing.buckets import google_process

    with google_process.serve(tmp_path_factory.mktemp("google"), "pet") as server:
        yield server
        assert not server.errors, server.errors[:3]


@pytest.fixture(scope="session")
def amazon() -> Iterator["Amazon"]:
    """S3 on this machine, with the bucket s3://pet."""
    from testing.buckets import amazon

    with amazon.serve("pet") as server:
        yield server


@pytest.fixture(params=["gs", "s3"])
def bucket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new folder of a bucket, whose server this process and its children find."""
    name = {"gs": "google_cloud", "s3": "amazon"}[request.param]
    for variable, value in request.getfixturevalue(name).environment().items():
        monkeypatch.setenv(variable, value)
    return f"{request.param}://pet/{uuid.uuid4().hex}"
