"""Removes what a plan names. A kill at any moment leaves a state that the next prune finishes.

First ML Metadata marks the artifacts; from then on neither the cache nor a resolver takes them, so
that half a folder is used by nobody. Then the files go, and then ML Metadata records it. Files
first would leave artifacts that TFX takes for whole: it looks whether a folder is there, and not
what is in it. TFX's own garbage collection, which its packages do not contain, has the same order
(tfx/orchestration/experimental/core/garbage_collection.py).
"""

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runner.prune import lineage
from runner.prune.plan import EXPORTS, VERSION, Item, Plan
from system import files
from system.pushed_versions import REMOVED, lock

_LOGGER = logging.getLogger("pet_mood.runner")


def carry_out(plan: Plan, store: Any) -> list[OSError]:
    """Removes the plan's items; the caller holds the output folder's lock.

    What cannot be removed is left out, and is part of the next plan.

    Args:
      plan: from ``make_plan``.
      store: the ``ml_metadata.MetadataStore`` that it was made from.

    Returns:
      The errors.
    """
    errors: list[OSError] = []
    known = plan.artifacts
    lineage.mark(store, (item.artifact for item in known if not lineage.is_marked(item.artifact)))
    if versions := plan.of(VERSION):
        with _noted(errors):
            _remove_versions(plan, versions)
    for item in plan.items:
        if item.kind != VERSION:
            with _noted(errors):
                files.remove(_aside(item.path) if item.kind == EXPORTS else item.path)
                _LOGGER.info("removed %s, %d bytes", item.path, item.bytes)
    gone = [item.artifact for item in known if not os.path.lexists(item.path)]
    lineage.mark_removed(store, gone)
    return errors


def _remove_versions(plan: Plan, versions: list[Item]) -> None:
    """Removes versions, each of which leaves the serving folder whole."""
    serving = plan.serving.resolve()
    removed = serving.with_name(serving.name + REMOVED)
    with lock(serving):
        files.remove(removed)
        removed.mkdir()
        for item in versions:
            (serving / item.path.name).rename(removed / item.path.name)
            _LOGGER.info("removed version %s, %d bytes", item.path, item.bytes)
        files.remove(removed)


def _aside(exports: Path) -> Path:
    """Renames a version's exports, so that nobody opens half of them; returns the new path."""
    aside = exports.with_name(exports.name + REMOVED)
    files.remove(aside)
    exports.rename(aside)
    return aside


@contextlib.contextmanager
def _noted(errors: list[OSError]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        _LOGGER.warning("a file or folder could not be removed: %s", error)
        errors.append(error)
