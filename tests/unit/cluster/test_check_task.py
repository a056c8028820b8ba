"""The first task of a run: what it reads, and how it ends."""

import json
from pathlib import Path

import pytest

from cluster import check_node, check_task
from pipeline import config
from pipeline.platforms.cluster import DATA_ROOT
from pipeline.run_inputs import ClusterInputs
from schemas.errors import ConfigError, DataRefusedError
from schemas.labels import DEFAULT_MOODS
from system import storage
from system.buckets import folders

TABLE = 'image_path,bbox,labels\na.jpg,"1,2,3,4",행복/즐거움\n'


def executor_input(folder: Path | str, *overrides: str, predict: str | None = None) -> str:
    settings = config.load("quick", None, ["model.weights=none", *overrides])
    inputs = ClusterInputs(
        data_root="gs://nowhere/data",
        train_csv="{SPAN}/train.csv",
        eval_csv="val.csv",
        data_version="1",
        moods=DEFAULT_MOODS,
        root=f"{folder}/runs",
        serving=f"{folder}/serving",
        predict_csv=predict,
    )
    parameters = {
        check_node.SETTINGS: json.dumps(settings.as_dict()),
        check_node.PLACES: json.dumps(check_node.places(inputs)),
        DATA_ROOT: f"{folder}/data",
    }
    return json.dumps(
        {
            "inputs": {"parameterValues": parameters},
            "outputs": {"outputFile": f"{folder}/new/output.json"},
        }
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("data/7/train.csv", "data/val.csv"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TABLE)
    return tmp_path


def test_a_run_that_can_begin_passes(folder: Path) -> None:
    check_task.main(executor_input(folder))
    assert (folder / "new" / "output.json").read_text() == "{}"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("data/val.csv", None, r"val\.csv, which is not there"),
        ("data/val.csv", "image_path,bbox\n", "labels"),
        ("data/7/train.csv", "", "7/train.csv"),
        ("data/7/train.csv", "image_path,bbox,labels\n", "a header and no rows"),
        ("data/7/train.csv", None, "must be a number for which"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(
    folder: Path, name: str, content: str | None, said: str
) -> None:
    path = folder / name
    path.unlink()
    if content is not None:
        path.write_text(content)
    with pytest.raises(DataRefusedError, match=said):
        check_task.main(executor_input(folder))
    assert not (folder / "new" / "output.json").exists()


def test_a_table_without_moods_needs_none(folder: Path) -> None:
    (folder / "data" / "new.csv").write_text('image_path,bbox\na.jpg,"1,2,3,4"\n')
    check_task.main(executor_input(folder, predict="new.csv"))


def test_an_engine_that_does_not_answer_is_told(folder: Path) -> None:
    flink = ("beam.runner=flink", "beam.cluster=localhost:1", "beam.parallelism=1")
    with pytest.raises(ConfigError, match=r"must answer at beam\.cluster=localhost:1"):
        check_task.main(executor_input(folder, *flink))


@pytest.mark.slow
def test_weights_that_are_not_there_are_told(folder: Path) -> None:
    weights = f"model.weights={folder}/gone.keras"
    with pytest.raises(ConfigError, match=r"There is no file .*gone\.keras"):
        check_task.main(executor_input(folder, weights))


@pytest.mark.slow
def test_buckets_are_asked_before_tables(bucket: str) -> None:
    for name in ("7/train.csv", "val.csv"):
        storage.write_whole(f"{bucket}/data/{name}", TABLE)
    check_task.main(executor_input(bucket))
    left = {path.removeprefix(f"{bucket}/") for path, _ in folders.objects(bucket)}
    assert left == {"data/7/train.csv", "data/val.csv", "new/output.json"}
    gone = bucket.replace("/pet/", "/nobody/")
    with pytest.raises(ConfigError, match=rf"{gone}/runs cannot be written by this project"):
        check_task.main(executor_input(gone))
