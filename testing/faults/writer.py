"""What a writer is to the fault-injecting tests."""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

TEMPORARY = ("*.partial*", "*.lock", "lock", ".lock")
"""Patterns of a path's parts that nobody takes for a result."""


def _nothing(*_: Path) -> None:
    pass


@dataclass(frozen=True)
class Writer:
    """A command or a step that writes files, and what it promises about them.

    Attributes:
      name: in the table of docs/reliability.md.
      prepare: makes the inputs in a folder, and in another the output as it was before: of an
        earlier run, and with the remains of one that was killed.
      run: writes the output, given both folders; returns an exit code, or raises.
      read: raises where the project's own readers find the output neither old nor new.
      recover: what the next start does to the output before it runs again.
      working: patterns of parts of paths that are the writer's own until it has ended.
      removed: patterns of files that are gone while others are replaced, so that nobody takes
        them for belonging together.
      exit_on_error: exit code after an error of the disk; None where ``run`` raises.
      refuses_finished: whether ``run`` ends with ``exit_on_error`` where all is there already.
      tolerates: whether ``run`` may succeed in spite of an error if old results are left over
        beside the new ones.
    """

    name: str
    prepare: Callable[[Path, Path], None]
    run: Callable[[Path, Path], int | None]
    read: Callable[[Path], None] = _nothing
    recover: Callable[[Path], None] = _nothing
    working: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    exit_on_error: int | None = None
    refuses_finished: bool = False
    tolerates: bool = False

    def is_final(self, path: str) -> bool:
        """Returns whether a path below the output names a result."""
        patterns = (*TEMPORARY, *self.working)
        return not any(fnmatchcase(part, each) for part in Path(path).parts for each in patterns)

    def may_vanish(self, path: str) -> bool:
        """Returns whether a result may be missing in between."""
        return any(fnmatchcase(path, pattern) for pattern in self.removed)
