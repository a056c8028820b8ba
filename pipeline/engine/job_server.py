"""Asks whether Beam's job server answers."""

import shutil
from pathlib import Path

import grpc
from apache_beam.portability.api import beam_job_api_pb2, beam_job_api_pb2_grpc

from schemas.errors import ConfigError

_SECONDS = 10


def check(address: str) -> None:
    """Raises ConfigError unless a job server answers at HOST:PORT."""
    remedy = (
        "Start Beam's job server for the engine (docs/engines.md), or give its --job-port in "
        "beam.job_server"
    )
    # Whatever proxy this machine has for the internet does not know a cluster's addresses.
    with grpc.insecure_channel(address, options=(("grpc.enable_http_proxy", 0),)) as channel:
        try:
            grpc.channel_ready_future(channel).result(_SECONDS)
        except grpc.FutureTimeoutError as error:
            raise ConfigError(
                f"Beam's job server must answer at beam.job_server={address}. Received: no answer "
                f"in {_SECONDS} s. {remedy}"
            ) from error
        request = beam_job_api_pb2.DescribePipelineOptionsRequest()
        try:
            stub = beam_job_api_pb2_grpc.JobServiceStub(channel)
            stub.DescribePipelineOptions(request, timeout=_SECONDS)
        except grpc.RpcError as error:
            raise ConfigError(
                f"Beam's job server must answer at beam.job_server={address}. Received: "
                f"{error.code().name} {error.details()}: something else listens there. {remedy}"
            ) from error


def check_jar(jar: str) -> None:
    """Raises ConfigError unless Beam can start a job server from a file with Java."""
    if "://" not in jar and not Path(jar).is_file():
        raise ConfigError(
            f"beam.job_server_jar must be a file. Received: {jar}. It is "
            "beam-runners-flink-VERSION-job-server of Beam's version, or …-spark-3-job-server"
        )
    if shutil.which("java") is None:
        raise ConfigError(
            "beam.job_server_jar needs Java. Received: no java on the PATH. Install a JDK 11 or "
            "17, or start the job server elsewhere and give beam.job_server"
        )
