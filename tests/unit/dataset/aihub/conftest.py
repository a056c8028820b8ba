"""A drawn tree with every fault, made once for the tests of this folder."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dataset.aihub import chunk
from dataset.aihub.clip_json import load
from testing.aihub.clip_drafts import TreeSettings
from testing.aihub.tree import TreeCounts, write_tree

TREE = TreeSettings(train_clips=12, val_clips=6, frames=8, long_side=160, short_side=96)


@pytest.fixture(scope="package")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TreeCounts]:
    root = tmp_path_factory.mktemp("drawn") / "tree"
    return root, write_tree(root, TREE)


@pytest.fixture
def copied(drawn: tuple[Path, TreeCounts], tmp_path: Path) -> Path:
    root = tmp_path / "copied"
    shutil.copytree(drawn[0], root, symlinks=True, copy_function=os.link)
    return root


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Yields the paths of all label files that are read."""
    paths: list[str] = []

    def load_and_note(path: str) -> dict[str, Any]:
        paths.append(path)
        return load(path)

    monkeypatch.setattr(chunk, "load", load_and_note)
    yield paths
