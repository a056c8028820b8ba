"""A pipeline without runs."""

from pathlib import Path

import pytest

from testing.pipeline.recorded_runs import Runs


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "out")
