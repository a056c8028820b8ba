"""Wrong settings are told before anything is compiled or sent."""

from pathlib import Path
from typing import Any

import pytest

from schemas.errors import ConfigError
from schemas.labels import DEFAULT_MOODS
from testing.pipeline.cluster_request import GOOD, KUBEFLOW, VERTEX, request


def test_a_good_request_is_taken_as_it_is() -> None:
    inputs = request(**VERTEX).inputs()
    assert inputs.data_root == "gs://b/data"
    assert (inputs.train_csv, inputs.eval_csv) == ("train.csv", "val.csv")
    assert inputs.moods == DEFAULT_MOODS


@pytest.mark.parametrize(
    "image",
    [
        "pet/pipeline:1",
        f"pet@sha256:{'0' * 64}",
        f"pet:1@sha256:{'0' * 64}",
        "localhost:5000/pet:v1",
        "Registry.example/a__b/c.d-e:V_1.x-y",
    ],
)
def test_an_image_with_a_tag_of_its_own_will_do(image: str) -> None:
    request(image=image).inputs()


@pytest.mark.parametrize("image", ["pet", "pet:latest", "localhost:5000/pet"])
def test_an_image_that_may_be_another_tomorrow_will_not(image: str) -> None:
    with pytest.raises(ConfigError, match="--image must have a tag of its own"):
        request(image=image).inputs()


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("registry/pet/Pipeline:1", "must name an image of small letters"),
        ("Pet Mood:1", "must name an image of small letters"),
        ("pet/강아지:1", "must name an image of small letters"),
        ("pet//a:1", "must name an image of small letters"),
        ("pet/-a:1", "must name an image of small letters"),
        ("a:b:c", "must name an image of small letters"),
        ("", "must name an image of small letters"),
        ("a" * 256 + ":1", "must name an image of small letters"),
        ("pet:한글", "tag must be up to 128 letters.* Received: '한글'"),
        ("pet:-1", "tag must be up to 128 letters"),
        ("pet:", "tag must be up to 128 letters"),
        ("pet:" + "1" * 129, "tag must be up to 128 letters"),
        ("pet@sha256:0", "digest must be sha256:"),
        ("pet:1@md5:0", "digest must be sha256:"),
    ],
)
def test_what_no_registry_takes_is_told_rightly(image: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        request(image=image).inputs()


@pytest.mark.parametrize("option", ["pipeline_root", "data_root", "serving"])
@pytest.mark.parametrize("char", "*?[\\")
def test_an_address_that_is_a_pattern_is_refused(option: str, char: str) -> None:
    with pytest.raises(ConfigError, match="take for a pattern"):
        request(**{option: f"gs://b/x{char}y"}).inputs()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pipeline_root": "build/run"}, "--pipeline-root must be in an object store"),
        ({"data_root": "/data"}, "--data-root must be in an object store"),
        ({"serving": "file:///serving"}, "--serving must be in an object store"),
        ({"train_csv": "/data/train.csv"}, "--train-csv must be a name below --data-root"),
        ({"eval_csv": "gs://b/val.csv"}, "--eval-csv must be a name below --data-root"),
        ({"predict_csv": "/data/new.csv"}, "--predict-csv must be a name below --data-root"),
        ({"eval_csv": "train.csv"}, "--eval-csv must not be --train-csv"),
        ({"submit": "airflow"}, "--submit takes vertex or kubeflow"),
        ({"submit": "vertex"}, "--submit vertex needs --project and --region"),
        ({"submit": "kubeflow"}, "--submit kubeflow needs --endpoint"),
        ({**VERTEX, "pipeline_root": "s3://b/runs"}, "--pipeline-root must start with gs://"),
        ({"schedule": "0 3 * * *"}, "--schedule goes with --submit"),
        ({**VERTEX, "schedule": "0 0 3 * * *"}, "cron expression of five fields"),
        ({**KUBEFLOW, "schedule": "0 3 * * *"}, "of six, seconds first"),
        ({"labels": Path("absent.json")}, "--labels: "),
        ({"gpu_image": "r/g:latest"}, "--gpu-image must have a tag of its own"),
        ({"gpu_image": GOOD["image"]}, "--gpu-image must be another image than --image"),
    ],
)
def test_wrong_wishes_are_told(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        request(**changes).inputs()


@pytest.mark.parametrize(
    ("override", "changes", "said"),
    [
        ("cluster.gpu_type=NVIDIA_TESLA_T5", {}, "cluster.gpu_type must be empty or one of"),
        ("cluster.gpu_type=NVIDIA_L4", {}, "cluster.gpu_type and --gpu-image go together"),
        ("cluster.gpus=1", {"gpu_image": "r/g:1"}, "cluster.gpu_type and --gpu-image go together"),
        ("cluster.gpu_type=nvidia.com/gpu", VERTEX, "Vertex AI has names of its own"),
        ("cluster.gpu_type=NVIDIA_L4", KUBEFLOW, "A Kubernetes cluster calls a GPU nvidia.com/gpu"),
        ("cluster.machines=2", {}, "--project and --region must say"),
        (
            "cluster.endpoint=pet-mood",
            {},
            "cluster.endpoint_image go together",
        ),
        ("cluster.endpoint_image=reg/tf:1", {}, "Received: '' and 'reg/tf:1'"),
        ("cluster.machines=0", {}, "cluster.machines must be at least 1"),
        ("cluster.memory_gb=0", {}, "cluster.memory_gb must be above 0"),
        ("cluster.always_run=Traner", {}, "must name nodes: PetExampleGen"),
        ("beam.options=--region=r", {}, "belong to an engine other than local"),
    ],
)
def test_wrong_settings_are_told(override: str, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        request(override, **changes).settings()


def test_a_database_of_ones_own_is_not_for_a_cluster() -> None:
    names = ("store=mysql", "host=db", "database=mlmd", "user=pet")
    with pytest.raises(
        ConfigError,
        match=r"metadata.\* is for local_runner.py.*Received: metadata.store, metadata.host",
    ):
        request(*(f"metadata.{name}" for name in names)).settings()


def test_a_validation_csv_stands_beside_both_others() -> None:
    assert request(validation_csv="choice.csv").inputs().validation_csv == "choice.csv"
    for wrong, said in (
        ({"validation_csv": "train.csv"}, "must be neither"),
        ({"validation_csv": "val.csv"}, "must be neither"),
        ({"validation_csv": "/choice.csv"}, "--validation-csv must be a name below --data-root"),
        ({"validation_csv": "choice.csv", "eval_csv": None}, "goes with --eval-csv"),
    ):
        with pytest.raises(ConfigError, match=said):
            request(**wrong).inputs()
    with pytest.raises(ConfigError, match="either from --validation-csv"):
        request("data.validation_fraction=0.1", validation_csv="choice.csv").settings()
