"""One writer against one fault: what must hold in between, and after the command is repeated."""

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from system import files
from testing.faults.calls import Change, Kind
from testing.faults.supervisor import KILL, Fault, Outcome, supervised
from testing.faults.writer import TEMPORARY, Writer

FAULTS = {"ENOSPC": errno.ENOSPC, "EIO": errno.EIO, "kill -9": KILL}

Snapshot = dict[str, bytes | None]
"""Contents by path below the output; None for a folder."""


class Violation(NamedTuple):
    """A promise that was broken."""

    writer: str
    fault: str
    change: str
    what: str


class Trials:
    """The trials of one writer, in a folder of their own."""

    def __init__(self, writer: Writer, folder: Path) -> None:
        """Makes the inputs and runs the writer once undisturbed.

        Raises:
          RuntimeError: the undisturbed run fails.
        """
        self._writer = writer
        self._inputs, self._before = folder / "inputs", folder / "before"
        self._output = folder / "output"
        for made in (self._inputs, self._before):
            made.mkdir(parents=True)
        prepared = supervised(lambda: writer.prepare(self._inputs, self._before), self._before)
        if prepared.status:
            raise RuntimeError(f"{writer.name} cannot be prepared: {prepared.said}")
        outcome = self._start_again(None)
        if outcome.status:
            raise RuntimeError(f"{writer.name} fails undisturbed: {outcome.said}")
        self.changes = outcome.changes
        self._old, self._new = snapshot(self._before), snapshot(self._output)

    def order_violations(self) -> Iterator[Violation]:
        """Yields where the undisturbed run would lose a result with the machine's power."""
        for what in unsynced(self.changes, self._output, self._writer):
            yield Violation(self._writer.name, "power cut", "", what)

    def inject(self, point: int, fault: str) -> Iterator[Violation]:
        """Runs the writer with a fault at a change, then again without; yields what is broken."""
        outcome = self._start_again(Fault(point, FAULTS[fault]))
        change = _text(self.changes[point], self._output)

        def violation(what: str) -> Violation:
            return Violation(self._writer.name, fault, f"{point} {change}", what)

        yield from map(violation, self._ending_faults(outcome, fault, self.changes[point]))
        yield from map(violation, self._state_faults())
        if fault != "kill -9" and self.changes[point].kind is not Kind.UNLINK:
            yield from map(violation, self._remains())
        self._writer.recover(self._output)
        was_final = _final(snapshot(self._output), self._writer) == _final(self._new, self._writer)
        repeated = supervised(self._work, self._output)
        refused = repeated.status == self._writer.exit_on_error and was_final
        if repeated.status and not (self._writer.refuses_finished and refused):
            yield violation(f"the command repeated fails: {repeated.said or repeated.status}")
        yield from (violation(f"repeated: {what}") for what in differences(self._output, self._new))

    def _start_again(self, fault: Fault | None) -> Outcome:
        files.remove(self._output)
        shutil.copytree(self._before, self._output)
        return supervised(self._work, self._output, fault)

    def _work(self) -> int | None:
        return self._writer.run(self._inputs, self._output)

    def _ending_faults(self, outcome: Outcome, fault: str, change: Change) -> Iterator[str]:
        """Yields what is wrong with how the disturbed run has ended."""
        if fault == "kill -9":
            if outcome.status != -9:
                yield f"the process outlived its kill: {outcome.status}"
            return
        if outcome.status == 0:
            ended = _final(snapshot(self._output), self._writer)
            if self._writer.tolerates:
                ended = {path: ended[path] for path in ended if path in self._new}
            if ended != _final(self._new, self._writer):
                yield "success is told, and the output is not the new one"
            return
        expected = self._writer.exit_on_error
        if outcome.status != (1 if expected is None else expected):
            yield f"ends with {outcome.status}: {outcome.said}"
        elif os.strerror(FAULTS[fault]) not in outcome.said:
            yield f"the error does not say {os.strerror(FAULTS[fault])!r}: {outcome.said[-600:]}"
        elif expected is not None and "Traceback" in outcome.said:
            yield f"a traceback is told: {outcome.said[-600:]}"

    def _state_faults(self) -> Iterator[str]:
        """Yields what is neither the old output nor the new one."""
        now = snapshot(self._output)
        for path in sorted({*now, *self._old, *self._new}):
            if not self._writer.is_final(path):
                continue
            choices = [state.get(path, b"absent") for state in (self._old, self._new)]
            if self._writer.may_vanish(path):
                choices.append(b"absent")
            if now.get(path, b"absent") not in choices:
                size = len(now.get(path) or b"")
                yield f"{path} ({size} bytes) is neither old nor new"
        try:
            self._writer.read(self._output)
        # Whatever a reader raises, the output cannot be read.
        except Exception as error:
            yield f"cannot be read: {type(error).__name__}: {error}"

    def _remains(self) -> Iterator[str]:
        """Yields temporary files that an error has left, apart from what a repetition needs."""
        for path in snapshot(self._output):
            names = Path(path).parts
            if any(".partial" in name for name in names) and path not in self._old:
                yield f"{path} is left behind"


def snapshot(folder: Path) -> Snapshot:
    """Returns all that is in a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def differences(folder: Path, expected: Snapshot) -> Iterator[str]:
    """Yields where a folder is not as expected; locks' files may stay."""
    now = snapshot(folder)
    for path in sorted({*now, *expected}):
        if path.endswith("lock"):
            continue
        if path not in expected:
            yield f"{path} is there"
        elif path not in now:
            yield f"{path} is missing"
        elif now[path] != expected[path]:
            yield f"{path} differs"


def _final(state: Snapshot, writer: Writer) -> Snapshot:
    return {path: content for path, content in state.items() if writer.is_final(path)}


def _text(change: Change, output: Path) -> str:
    names = (os.path.relpath(path, output) for path in change.paths)
    return f"{change.kind.value} {' -> '.join(names)}"


def unsynced(changes: list[Change], output: Path, writer: Writer) -> Iterator[str]:
    """Yields results that were published before their content, or without their name, was on disk.

    A file's content must have been flushed when it gets its final name by a rename or a link, and
    its folder afterwards (https://lwn.net/Articles/457667/).
    """
    dirty: set[Path] = set()
    unflushed: dict[Path, str] = {}

    def is_final(path: Path) -> bool:
        return path.is_relative_to(output) and writer.is_final(str(path.relative_to(output)))

    for change in changes:
        first, last = change.paths[0], change.paths[-1]
        if change.kind in (Kind.OPEN, Kind.WRITE):
            if is_final(first) and first not in dirty:
                yield f"{os.path.relpath(first, output)} is written under its final name"
            dirty.add(first)
        elif change.kind is Kind.FSYNC:
            dirty.discard(first)
            unflushed = {path: name for path, name in unflushed.items() if path.parent != first}
        elif change.kind in (Kind.RENAME, Kind.LINK) and is_final(last):
            if unsaved := [path for path in dirty if path == first or first in path.parents]:
                names = ", ".join(sorted(os.path.relpath(path, output) for path in unsaved))
                yield f"{os.path.relpath(last, output)} appears before {names} is on the disk"
            unflushed[last] = os.path.relpath(last, output)
    for name in unflushed.values():
        yield f"the name of {name} is never flushed"


__all__ = ["FAULTS", "TEMPORARY", "Trials", "Violation"]
