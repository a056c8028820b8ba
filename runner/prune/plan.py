"""What a prune would remove: results, versions, exports, documents of runs and leftovers."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from components.model_resolvers import blessed_models
from pipeline.config import Settings
from pipeline.run_inputs import RunInputs
from runner.prune import lineage as lineages
from runner.prune.exported import old_exports
from runner.prune.leftovers import leftovers
from runner.prune.lineage import Lineage
from runner.prune.pushed import pushed_by_runs
from runner.prune.records import old_records
from runner.prune.selection import kept_makers
from runner.prune.served import Pins, old_versions
from schemas.exports import folder_beside
from system.pushed_versions import REMOVED, version_number, version_numbers

VERSION, EXPORTS, RECORD, LEFTOVER = "pushed version", "exports", "document of a run", "leftover"
"""Kinds of an ``Item``; the others are types of artifacts."""
_SECONDS_A_DAY = 86400.0


class Item(NamedTuple):
    """A file or folder that goes.

    Attributes:
      kind: the artifact's type, ``VERSION``, ``EXPORTS``, ``RECORD`` or ``LEFTOVER``.
      path: of the file or folder.
      bytes: size of the files.
      artifact: ``metadata_store_pb2.Artifact``; None for what ML Metadata does not know.
    """

    kind: str
    path: Path
    bytes: int
    artifact: Any = None


@dataclass(frozen=True)
class Plan:
    """What goes.

    Attributes:
      items: in the order in which they are told.
      serving: the serving folder.
      outside: paths of old results that lie outside the output folder, or behind a link. They stay.
    """

    items: tuple[Item, ...]
    serving: Path
    outside: tuple[Path, ...]

    def of(self, *kinds: str) -> list[Item]:
        """Returns the items of some kinds."""
        return [item for item in self.items if item.kind in kinds]

    @property
    def artifacts(self) -> list[Item]:
        """The items that ML Metadata knows."""
        return [item for item in self.items if item.artifact is not None]


def make_plan(
    store: Any, pipeline: str, inputs: RunInputs, settings: Settings, pins: Pins, now: float
) -> Plan | None:
    """Returns what goes; None if the pipeline has never run.

    Args:
      store: an ``ml_metadata.MetadataStore``.
      pipeline: the pipeline's name.
      inputs: name the output folder.
      settings: ``retain``, and the version that results are compared with.
      pins: of the server's configuration.
      now: seconds since 1970, which leftovers' ages are counted to.

    Raises:
      ConfigError: the serving folder's history cannot be read.
    """
    lineage = lineages.read(store, pipeline)
    if lineage is None:
        return None
    results = settings.retain.results
    marked = [one for one in lineage.artifacts.values() if lineages.is_marked(one)]
    old = list(_old(store, lineage, results)) if results else []
    inside, outside = [], []
    for artifact in (*marked, *old):
        path = Path(artifact.uri)
        if _is_inside(path, inputs.artifacts, inputs.output):
            inside.append(Item(artifact.type, path, tree_bytes(path), artifact))
        elif os.path.lexists(path):
            outside.append(path)
        else:
            inside.append(Item(artifact.type, path, 0, artifact))  # Only its state is left to do.

    ids = {one.id for one in old}
    items = [*inside, *_beside_artifacts(lineage, inputs, settings, pins, ids)]
    for path in leftovers(inputs.output, inputs.artifacts, inputs.serving, lineage):
        is_old = age(path, now) >= settings.retain.leftover_days * _SECONDS_A_DAY
        if is_old and _is_inside(path, inputs.output, inputs.output):
            items.append(Item(LEFTOVER, path, tree_bytes(path)))
    for path in _half_removed(inputs.serving):
        if _is_inside(path, inputs.output, inputs.output):
            items.append(Item(LEFTOVER, path, tree_bytes(path)))
    return Plan(tuple(items), inputs.serving, tuple(outside))


def _old(store: Any, lineage: Lineage, results: int) -> Iterator[Any]:
    """Yields the artifacts that go, but those that are marked already."""
    kept = kept_makers(lineage, results, lambda model: blessed_models.inputs_of(store, model))
    for maker, made in lineage.made_by().items():
        if maker not in kept:
            for one in sorted(made):
                if lineages.is_live(lineage.artifacts[one]):
                    yield lineage.artifacts[one]


def _beside_artifacts(
    lineage: Lineage, inputs: RunInputs, settings: Settings, pins: Pins, going: set[int]
) -> Iterator[Item]:
    """Yields versions, exports and documents of runs that go.

    Without the serving folder, which may lie on a disk that is not there, none of them does.

    Args:
      lineage: of the pipeline.
      inputs: name the output folder.
      settings: ``retain``, and the version that results are compared with.
      pins: of the server's configuration.
      going: ids of the artifacts that go.
    """
    results, serving = settings.retain.results, inputs.serving
    if not results or not serving.is_dir():
        return
    pushed = pushed_by_runs(lineage, inputs, settings, going)
    old = old_versions(serving, results, pins, pushed.numbers, pushed.needed)
    stay = set(version_numbers(serving)) - set(old)
    exports = Path(folder_beside(str(serving)))
    paths = [(VERSION, serving / str(number)) for number in old]
    paths += [
        (EXPORTS, exports / str(number)) for number in old_exports(exports, stay, pins, pushed)
    ]
    paths += [(RECORD, path) for path in old_records(inputs.output, results, stay)]
    for kind, path in paths:
        if _is_inside(path, serving if kind == VERSION else inputs.output, inputs.output):
            yield Item(kind, path, tree_bytes(path))


def _half_removed(serving: Path) -> Iterator[Path]:
    """Yields what a prune that was killed has put aside, whether it is there or not."""
    yield serving.with_name(serving.name + REMOVED)
    for path in Path(folder_beside(str(serving))).glob(f"*{REMOVED}"):
        if version_number(path.name.removesuffix(REMOVED)) is not None:
            yield path


def _is_inside(path: Path, folder: Path, output: Path) -> bool:
    """Returns whether a path is there, no link, below a folder, and not behind a link.

    Args:
      path: absolute.
      folder: what its text must begin with.
      output: what it must lie in after all links have been followed.
    """
    return (
        path.is_relative_to(folder)
        and path != folder
        and ".." not in path.parts
        and os.path.lexists(path)
        and not path.is_symlink()
        and path.parent.resolve().is_relative_to(output.resolve())
    )


def tree_bytes(path: Path) -> int:
    """Returns the size of a file, or of all files below a folder, without what links lead to."""
    return sum(status.st_size for status in _statuses(path) if not stat.S_ISDIR(status.st_mode))


def age(path: Path, now: float) -> float:
    """Returns the seconds since anything at or below a path was last written."""
    return now - max((status.st_mtime for status in _statuses(path)), default=now)


def _statuses(path: Path) -> Iterator[os.stat_result]:
    try:
        yield path.lstat()
    except FileNotFoundError:
        return
    if path.is_dir() and not path.is_symlink():
        for parent, folders, names in os.walk(path):
            for name in (*folders, *names):
                try:
                    yield os.lstat(os.path.join(parent, name))
                except FileNotFoundError:  # It has gone meanwhile.
                    continue
