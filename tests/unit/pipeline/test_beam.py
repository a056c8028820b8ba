"""Beam's engines: what each needs, and the arguments it is given."""

import pytest

from pipeline.beam import BeamSettings, beam_args
from schemas.errors import ConfigError

FLOW = "--project=p --region=r --temp_location=gs://b/tmp --sdk_container_image=i"


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


MADE = [
    "--job_server_timeout=2592000",
    "--environment_type=EXTERNAL",
    "--environment_config=localhost:50000",
    "--environment_cache_millis=60000",
    "--sdk_container_image=none",
    "--experiments=disable_logging_submission_environment",
    "--sdk_worker_parallelism=1",
]
"""What few settings become; a job may take longer than Beam's minute, and nothing is staged."""


def test_flink_gets_its_long_options_of_few_settings() -> None:
    settings = BeamSettings(runner="flink", job_server="h:8099", cluster="h:8081", parallelism=4)
    assert beam_args(settings, 1) == [
        "--runner=PortableRunner",
        "--job_endpoint=h:8099",
        MADE[0],
        "--parallelism=4",
        *MADE[1:],
    ]
    several = settings.replace(workers=3, worker_pool="pool:1")
    changed = {"--environment_config=pool:1", "--sdk_worker_parallelism=3"}
    assert changed <= set(beam_args(several, 1))


def test_without_a_job_server_beam_starts_one_for_the_cluster() -> None:
    flink = BeamSettings(runner="flink", cluster="h:8081", job_server_jar="j.jar", parallelism=2)
    assert beam_args(flink, 1)[:3] == [
        "--runner=FlinkRunner",
        "--flink_master=h:8081",
        "--flink_job_server_jar=j.jar",
    ]
    spark = BeamSettings(runner="spark", cluster="spark://h:7077")
    assert beam_args(spark, 1) == [
        "--runner=SparkRunner",
        "--spark_master_url=spark://h:7077",
        *MADE,
    ]


def test_beams_own_options_take_precedence_and_may_come_twice() -> None:
    chosen = "--job_server_timeout=5 --environment_config=p:2 --extra_package=a --extra_package=b"
    settings = BeamSettings(runner="portable", job_server="h:1", options=chosen)
    assert beam_args(settings, 1) == [
        "--runner=PortableRunner",
        "--job_endpoint=h:1",
        "--environment_type=EXTERNAL",
        "--environment_cache_millis=60000",
        *MADE[-2:],
        *chosen.split(),
    ]


@pytest.mark.parametrize("way", ["--sdk_container_image=i", "--setup_file=s.py"])
def test_workers_from_elsewhere_need_no_pool(way: str) -> None:
    settings = BeamSettings(runner="portable", job_server="h:1", options=way)
    assert beam_args(settings, 1) == [
        "--runner=PortableRunner",
        "--job_endpoint=h:1",
        MADE[0],
        MADE[-1],
        way,
    ]


def test_the_options_alone_may_say_it() -> None:
    options = "--job_endpoint=h:1 --parallelism=2 --environment_type=EXTERNAL"
    args = beam_args(BeamSettings(runner="flink", options=options), 1)
    assert args[0] == "--runner=PortableRunner" and args[-3:] == options.split()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"runner": "storm"}, "beam.runner must be one of local"),
        ({"runner": "flink", "parallelism": 1}, "needs beam.job_server .* or beam.cluster"),
        ({"runner": "portable"}, "needs beam.job_server .--job_endpoint=….. Received: neither"),
        ({"runner": "spark", "options": "--spark_master_url="}, "needs beam.job_server"),
        ({"runner": "flink", "job_server": "h:1"}, "needs beam.parallelism"),
        (
            {"runner": "spark", "job_server": "h:1", "parallelism": 2},
            "Spark takes its cores. Received: 2",
        ),
        (
            {"runner": "portable", "job_server": "http://h:1"},
            "beam.job_server must be HOST:PORT. Received: 'http://h:1'",
        ),
        (
            {"runner": "portable", "job_server": "h:1", "worker_pool": "h"},
            "beam.worker_pool must be HOST:PORT",
        ),
        (
            {"runner": "portable", "job_server": "h:1", "cluster": "h:2"},
            "beam.cluster is for flink and spark",
        ),
        ({"runner": "spark", "cluster": "h:7077"}, "must be spark://HOST:PORT"),
        ({"runner": "flink", "cluster": "h", "parallelism": 1}, "beam.cluster must be HOST:PORT"),
        (
            {"job_server": "h:1", "parallelism": 2},
            "beam.job_server, beam.parallelism must come with",
        ),
        (
            {"runner": "portable", "job_server": "h:1", "options": "--setup_file="},
            "what workers are started from with --setup_file=",
        ),
        (
            {"runner": "dataflow", "options": "--project=p"},
            "needs --project=…, --region=…, --temp_location=… in beam.options. "
            "Missing: region, temp_location",
        ),
        ({"runner": "dataflow", "options": FLOW, "workers": 2}, "is not for beam.runner=dataflow"),
        (
            {"runner": "dataflow", "options": FLOW.replace("gs://b", "/b")},
            "--temp_location=gs://…. Received: /b/tmp",
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
