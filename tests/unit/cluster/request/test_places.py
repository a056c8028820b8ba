"""Addresses of folders and names of CSVs: unusual ones are taken, misleading ones refused."""

import pytest

from schemas.errors import ConfigError
from testing.pipeline.cluster_request import request


@pytest.mark.parametrize(
    "address",
    [
        "gs://b",
        "gs://b/",
        "gs://pet.example_1-x/a b/한글/c#d%20&+/e=f",
        "s3://b/x",
        "gs://b/NFD-가",
    ],
)
def test_unusual_addresses_are_taken(address: str) -> None:
    assert request(data_root=address).inputs().data_root == address.rstrip("/")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("s3a://b/x", r"must be in an object store.*Write s3://BUCKET/FOLDER"),
        ("gs:/b/x", r"must be in an object store.*Write gs://BUCKET/FOLDER"),
        ("GS://b/x", r"must be in an object store.*Write gs://BUCKET/FOLDER"),
        ("gs:b", "must be in an object store"),
        ("", "must be in an object store"),
        ("http://b/x", r"Received: http://b/x$"),
        ("gs:///x", "must name a bucket"),
        ("gs://", "must name a bucket"),
        ("gs://my bucket/x", "must name a bucket"),
        ("gs://강아지/x", "must name a bucket"),
        ("gs://-b/x", "must name a bucket"),
        ("gs://user@b/x", "must name a bucket"),
        ("s3://b:9000/x", "must name a bucket"),
        ("gs://b//x", "between any two slashes"),
        ("gs://b/x//", "between any two slashes"),
        ("gs://b/../x", "between any two slashes"),
        ("gs://b/x/.", "between any two slashes"),
        ("gs://b/x\n", "no control characters"),
        ("gs://b/ x", "no blanks at its ends"),
        ("gs://b/x\u202e", "no control characters"),
    ],
)
@pytest.mark.parametrize("option", ["pipeline_root", "data_root", "serving"])
def test_misleading_addresses_are_refused(option: str, address: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        request(**{option: address}).inputs()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"serving": "gs://b"}, "--serving must be a folder"),
        ({"serving": "gs://b/runs/"}, "--pipeline-root must not be in --serving"),
        ({"data_root": "gs://b/serving/pet_mood/x"}, "--data-root must not be in --serving"),
    ],
)
def test_a_serving_folder_is_one_of_its_own(changes: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        request(**changes).inputs()


@pytest.mark.parametrize("name", ["train.csv", "a b/한글#%.csv", "weekly/{SPAN}/train.csv"])
def test_names_of_csvs(name: str) -> None:
    inputs = request(train_csv=name).inputs()
    assert inputs.train_csv == name
    assert inputs.has_spans == ("{SPAN}" in name)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "must be a name below --data-root"),
        ("new/", "must be a name below --data-root"),
        ("*.csv", "none of"),
        ("{VERSION}.csv", r"may have \{SPAN\} once"),
        ("{SPAN}/{SPAN}.csv", r"may have \{SPAN\} once"),
        ("a//b.csv", "between any two slashes"),
        ("a/../b.csv", "between any two slashes"),
        ("./b.csv", "between any two slashes"),
        ("b.csv\t", "no control characters"),
    ],
)
def test_names_that_mean_something_else_are_refused(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=f"--predict-csv.*{said}"):
        request(predict_csv=name).inputs()
