"""The files of deploy/flink: addresses, versions and memory go together."""

import re
import subprocess
from typing import Any

import pytest
import yaml

from pipeline.beam import BeamSettings
from testing.paths import ROOT

FLINK = ROOT / "deploy" / "flink"
CONF = yaml.safe_load((FLINK / "flink-conf.yaml").read_text("utf-8"))
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")


def load(name: str) -> Any:
    return yaml.safe_load((FLINK / "kubernetes" / f"{name}.yaml").read_text("utf-8"))


def pod(name: str) -> Any:
    return load(name)["spec"]["template"]


def container(name: str, role: str) -> Any:
    (found,) = [one for one in pod(name)["spec"]["containers"] if one["name"] == role]
    return found


def mebibytes(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(m|Mi|Gi)", text).groups()  # type: ignore[union-attr]
    return int(number) * {"m": 1, "Mi": 1, "Gi": 1024}[unit]


def test_processes_listen_on_this_machine_alone() -> None:
    addresses = {name: value for name, value in CONF.items() if re.search("address|host", name)}
    assert len(addresses) == 6
    assert set(addresses.values()) == {"127.0.0.1"}


def test_a_dead_worker_restarts_the_job() -> None:
    assert CONF["restart-strategy"] == "fixed-delay"
    assert CONF["restart-strategy.fixed-delay.attempts"] > 1


def test_each_taskmanager_has_a_pool_that_no_other_pod_reaches() -> None:
    command = container("taskmanager", "pool")["command"]
    assert command[:3] == ["python", "-m", "pipeline.beam_worker_pool"]
    assert BeamSettings().worker_pool == f"localhost:{command[-1]}"
    assert "ports" not in container("taskmanager", "pool")
    offered = {port["port"] for port in load("service")["spec"]["ports"]}
    assert int(command[-1]) not in offered


def test_the_policy_covers_every_pod_and_lets_clients_reach_jobs_alone() -> None:
    policy = load("networkpolicy")["spec"]
    labels = policy["podSelector"]["matchLabels"].items()
    for name in ("jobmanager", "taskmanager"):
        assert labels <= pod(name)["metadata"]["labels"].items()
    own, clients = policy["ingress"]
    assert own["from"] == [{"podSelector": policy["podSelector"]}]
    assert {port["port"] for port in clients["ports"]} == {"jobs", "artifacts", "rest"}


@pytest.mark.parametrize("name", ["jobmanager", "taskmanager"])
def test_a_container_has_the_memory_of_its_java(name: str) -> None:
    found = container(name, name)
    (size,) = [
        arg.partition("=")[2]
        for arg in found["args"]
        if arg.startswith(f"-D{name}.memory.process.size=")
    ]
    assert mebibytes(size) <= mebibytes(found["resources"]["requests"]["memory"])
    assert mebibytes(size) < mebibytes(found["resources"]["limits"]["memory"])


def test_flink_its_job_server_and_beam_are_of_versions_that_go_together() -> None:
    images = {
        one["name"]: one["image"]
        for name in ("jobmanager", "taskmanager")
        for kind in ("initContainers", "containers")
        for one in pod(name)["spec"][kind]
    }
    minor = re.match(r"flink:(\d+\.\d+)\.", images["jobmanager"])
    beam = re.search(r"^ARG BEAM=(\S+)", DOCKERFILE, re.MULTILINE)
    assert minor and beam
    assert images["taskmanager"] == images["jobmanager"]
    job_server = f"apache/beam_flink{minor[1]}_job_server:{beam[1]}"
    assert images["jar"] == images["job-server"] == job_server


def test_the_script_says_how_it_is_used() -> None:
    done = subprocess.run([FLINK / "flink.sh"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "flink.sh taskmanager" in done.stderr and "FLINK_HOME" in done.stderr
    assert "set -euo" not in done.stderr
