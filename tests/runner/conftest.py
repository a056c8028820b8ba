"""What the runs through TFX share."""

from pathlib import Path

import pytest
from chain import Run, run, write_colours


@pytest.fixture(scope="session")
def colours(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """CSVs of 192 train and 48 eval rows."""
    folder = tmp_path_factory.mktemp("colours")
    return write_colours(folder, "train", clips=8), write_colours(folder, "val", clips=2)


@pytest.fixture(scope="session")
def pushed(tmp_path_factory: pytest.TempPathFactory, colours: tuple[Path, Path]) -> Run:
    """A whole run on the colours."""
    return run(tmp_path_factory.mktemp("pushed"), *colours)
