"""What the runs through TFX share.

TFX is imported when a fixture needs it: pytest's first process, which runs no tests, reads this
file too.
"""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from testing.pipeline.replaying import Replay
    from testing.pipeline.runs import Run
    from testing.pipeline.served_runs import Served


@pytest.fixture(scope="session")
def cached() -> dict[str, Callable[..., str]]:
    """Functions of which each run needs the same results, and which take seconds, with a cache."""
    from tfx.utils import dependency_utils

    from pipeline.code_version import code_version
    from pipeline.stages import data, delivery, judging, learning

    version = functools.cache(code_version)
    return {
        # A package of TFX, for Beam's workers on other machines.
        "tfx.utils.dependency_utils.build_ephemeral_package": functools.cache(
            dependency_utils.build_ephemeral_package
        ),
        **{
            f"{stage.__name__}.code_version": version
            for stage in (data, learning, judging, delivery)
        },
    }


@pytest.fixture(scope="module", autouse=True)
def use_cached(cached: dict[str, Callable[..., str]]) -> Iterator[None]:
    """Replaces these functions, in these tests only: others test them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, function in cached.items():
            patch.setattr(name, function)
        yield


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs in this process train the small network."""
    from testing.models import small_network

    monkeypatch.setattr("models.network.classifier.new_backbone", small_network.new_backbone)


@pytest.fixture(scope="session")
def colours(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """CSVs of 192 train and 48 eval rows."""
    from testing.pipeline.runs import write_colours

    folder = tmp_path_factory.mktemp("colours")
    return write_colours(folder, "train", clips=8), write_colours(folder, "val", clips=2)


@pytest.fixture(scope="session")
def unlabelled(colours: tuple[Path, Path]) -> Path:
    """A CSV of the eval photos without their moods, and of one that is not there."""
    from dataset.csv_rows import read_rows

    rows = [f'{row.image_path},"{row.bbox}"' for row in read_rows(str(colours[1]))]
    csv = colours[1].with_name("unlabelled.csv")
    csv.write_text("\n".join(["image_path,bbox", *rows, 'gone.png,"1,2,30,40"', ""]), "utf-8")
    return csv


@pytest.fixture(scope="session")
def choice(colours: tuple[Path, Path]) -> Path:
    """A CSV of 48 validation rows beside them."""
    from testing.pipeline.runs import write_colours

    return write_colours(colours[0].parent, "choice", clips=2)


@pytest.fixture(scope="session")
def pushed(
    tmp_path_factory: pytest.TempPathFactory, colours: tuple[Path, Path], unlabelled: Path
) -> "Run":
    """A whole run on the colours, which also answers for the unlabelled rows."""
    from testing.pipeline.runs import run

    return run(tmp_path_factory.mktemp("pushed"), *colours, predict_csv=unlabelled)


@pytest.fixture(scope="session")
def replayed(
    tmp_path_factory: pytest.TempPathFactory, colours: tuple[Path, Path], unlabelled: Path
) -> "Replay":
    """The same graph, compiled for a cluster and run task by task."""
    from testing.pipeline.replaying import replay

    return replay(tmp_path_factory.mktemp("replay"), *colours, unlabelled)


@pytest.fixture(scope="session")
def prune_servable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A servable that runs which are pruned push, each as a version."""
    from dataset.settings import DataSettings
    from testing.models.servables import quadrant_servable

    return quadrant_servable(tmp_path_factory, DataSettings().box_margin)


@pytest.fixture
def prunable(tmp_path: Path, prune_servable: Path, monkeypatch: pytest.MonkeyPatch) -> "Served":
    """A folder for runs that are pruned."""
    from testing.pipeline import served_pipeline
    from testing.pipeline.served_runs import Served

    # What the Pusher tries on a version is tested elsewhere, and takes seconds.
    monkeypatch.setattr("components.pusher.warm_up.add", lambda version, name: None)
    monkeypatch.setattr("pipeline.pipeline.create_pipeline", served_pipeline.create_pipeline)
    return Served(tmp_path, prune_servable)
