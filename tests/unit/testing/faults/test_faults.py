"""Faults of the disk and kills, at some of the changes of each writer; docs/reliability.md."""

import contextlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from system import files
from testing.faults.__main__ import COLUMNS, NAMES
from testing.faults.supervisor import why_not
from testing.faults.trial import FAULTS, Trials, Violation
from testing.faults.writer import Writer
from testing.paths import ROOT

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())
TFX = ("ingest", "training backup", "push")


def write_plainly(path: Path) -> None:
    path.write_bytes(b"new" * 1000)


def write_without_flushing(path: Path) -> None:
    partial = path.with_name(path.name + files.PARTIAL)
    partial.write_bytes(b"new" * 1000)
    partial.replace(path)


def write_and_leave_remains(path: Path) -> None:
    partial = path.with_name(path.name + files.PARTIAL)
    partial.write_bytes(b"new" * 1000)
    files.put(partial, path)


def write_and_tell_success(path: Path) -> None:
    with contextlib.suppress(OSError):
        files.write_whole(path, b"new" * 1000)


def write_whole(path: Path) -> None:
    files.write_whole(path, b"new" * 1000)


def violations_of(write: Callable[[Path], None], folder: Path) -> list[Violation]:
    """Every broken promise of a writer that replaces a file."""

    def prepare(inputs: Path, before: Path) -> None:
        (before / "file").write_bytes(b"old")

    def run(inputs: Path, output: Path) -> None:
        write(output / "file")

    trials = Trials(Writer("file", prepare, run), folder)
    found = [*trials.order_violations()]
    for point in range(len(trials.changes)):
        for fault in FAULTS:
            found += trials.inject(point, fault)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("write", "broken"),
    [
        (
            write_plainly,
            {
                ("kill -9", "file (1500 bytes) is neither old nor new"),
                ("ENOSPC", "file (0 bytes) is neither old nor new"),
                ("power cut", "file is written under its final name"),
            },
        ),
        (
            write_without_flushing,
            {
                ("power cut", "file appears before file.partial is on the disk"),
                ("power cut", "the name of file is never flushed"),
            },
        ),
        (write_and_leave_remains, {("EIO", "file.partial is left behind")}),
        (
            write_and_tell_success,
            {("ENOSPC", "success is told, and the output is not the new one")},
        ),
    ],
)
def test_a_writer_that_breaks_a_promise_is_found(
    tmp_path: Path, write: Callable[[Path], None], broken: set[tuple[str, str]]
) -> None:
    found = {(each.fault, each.what) for each in violations_of(write, tmp_path)}
    assert broken <= found


@pytest.mark.slow
def test_an_atomic_write_keeps_all_promises(tmp_path: Path) -> None:
    assert violations_of(write_whole, tmp_path) == []


def some_faults(*names: str, every: int) -> dict[str, list[int]]:
    """Injects at some changes of the writers; returns the rows of the command's table."""
    command = [sys.executable, "-W", "ignore", "-m", "testing.faults", "--inject", str(every)]
    done = subprocess.run([*command, *names], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines()[2:]]
    return {row[0]: [int(cell) for cell in row[1:]] for row in rows}


@pytest.mark.slow
def test_the_writers_without_tensorflow_keep_their_promises() -> None:
    names = [name for name in NAMES if name not in TFX]
    table = some_faults(*names, every=53)
    assert set(table) == {*names, "all"}
    assert all(row[COLUMNS.index("fsync")] for row in table.values())
    *_, faults, failures = table["all"]
    assert faults >= 3 * len(names) and failures == 0


@pytest.mark.slow
def test_the_writers_inside_tfx_keep_their_promises() -> None:
    table = some_faults(*TFX, every=97)
    assert set(table) == {*TFX, "all"}
    assert table["all"][-2] >= 3 * len(TFX) and table["all"][-1] == 0


def test_the_documented_table_names_every_writer_and_has_no_failure() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    counts = {row[0]: row[1:] for row in rows if len(row) == len(COLUMNS) + 4}
    assert {*NAMES, "all"} <= set(counts)
    *_, changes, faults, failures = map(int, counts["all"])
    assert changes >= 500 and faults == len(FAULTS) * changes and failures == 0
