"""Beam's engines: what each needs, and the arguments it is given."""

import pytest

from pipeline.beam import BeamSettings, beam_args
from schemas.errors import ConfigError

FLOW = "--project=p --region=r --temp_location=gs://b/tmp --sdk_container_image=i"
FLINK = "--flink_master=h:8081 --environment_type=EXTERNAL"


def test_this_machine_gets_its_processes() -> None:
    assert beam_args(BeamSettings(), 3) == [
        "--runner=DirectRunner",
        "--direct_running_mode=in_memory",
        "--direct_num_workers=3",
    ]


def test_dataflow_gets_its_options_and_no_processes() -> None:
    settings = BeamSettings(runner="dataflow", options=f"{FLOW} --labels='a b'")
    assert beam_args(settings, 3) == [
        "--runner=DataflowRunner",
        "--project=p",
        "--region=r",
        "--temp_location=gs://b/tmp",
        "--sdk_container_image=i",
        "--labels=a b",
    ]


def test_a_job_on_flink_may_take_longer_than_beams_minute() -> None:
    assert beam_args(BeamSettings(runner="flink", options=FLINK), 1) == [
        "--runner=FlinkRunner",
        "--job_server_timeout=2592000",
        "--flink_master=h:8081",
        "--environment_type=EXTERNAL",
    ]
    chosen = f"{FLINK} --job_server_timeout=5"
    assert beam_args(BeamSettings(runner="flink", options=chosen), 1)[1:] == chosen.split()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"runner": "storm"}, "beam.runner must be one of local"),
        ({"runner": "flink"}, "Missing: flink_master"),
        ({"runner": "spark", "options": "--spark_master_url="}, "Missing: spark_master_url"),
        ({"runner": "dataflow", "options": "--project=p"}, "Missing: region, temp_location"),
        (
            {"runner": "dataflow", "options": FLOW.replace("gs://b", "/b")},
            "--temp_location=gs://…. Received: /b/tmp",
        ),
        (
            {"runner": "flink", "options": "--flink_master=h:8081"},
            "beam.runner=flink needs workers that hold this project: one of --sdk_container_image",
        ),
        (
            {"runner": "dataflow", "options": FLOW.replace("=i", "=")},
            "beam.runner=dataflow needs workers that hold this project",
        ),
        ({"options": "--runner=FlinkRunner"}, "leave --runner to beam.runner"),
        ({"options": "--direct_num_workers=3"}, "leave --direct_num_workers to beam.workers"),
        ({"options": "region=r"}, "--name=value. Received: region=r"),
        ({"options": "--a='b"}, "beam.options: No closing quotation"),
    ],
)
def test_options_that_miss_their_engine_are_told(settings: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said.replace("…", ".")):
        BeamSettings(**settings)  # type: ignore[arg-type]
