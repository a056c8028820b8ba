"""What the runs through TFX share."""

from pathlib import Path

import pytest

from dataset.csv_rows import read_rows
from testing.pipeline.replaying import Replay, replay
from testing.pipeline.runs import Run, run, write_colours


@pytest.fixture(scope="session")
def colours(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """CSVs of 192 train and 48 eval rows."""
    folder = tmp_path_factory.mktemp("colours")
    return write_colours(folder, "train", clips=8), write_colours(folder, "val", clips=2)


@pytest.fixture(scope="session")
def unlabelled(colours: tuple[Path, Path]) -> Path:
    """A CSV of the eval photos without their moods, and of one that is not there."""
    rows = [f'{row.image_path},"{row.bbox}"' for row in read_rows(str(colours[1]))]
    csv = colours[1].with_name("unlabelled.csv")
    csv.write_text("\n".join(["image_path,bbox", *rows, 'gone.png,"1,2,30,40"', ""]), "utf-8")
    return csv


@pytest.fixture(scope="session")
def pushed(
    tmp_path_factory: pytest.TempPathFactory, colours: tuple[Path, Path], unlabelled: Path
) -> Run:
    """A whole run on the colours, which also answers for the unlabelled rows."""
    return run(tmp_path_factory.mktemp("pushed"), *colours, predict_csv=unlabelled)


@pytest.fixture(scope="session")
def replayed(
    tmp_path_factory: pytest.TempPathFactory, colours: tuple[Path, Path], unlabelled: Path
) -> Replay:
    """The same graph, compiled for a cluster and run task by task."""
    return replay(tmp_path_factory.mktemp("replay"), *colours, unlabelled)
