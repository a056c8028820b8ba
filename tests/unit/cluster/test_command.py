"""The command as a user meets it: what it prints, and that a refusal leaves the compiled files."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.code_version import ROOT

GOOD = [
    *("--image", "reg/pet/pipeline:1", "--data-root", "gs://b/data", "--eval-csv", "val.csv"),
    *("--pipeline-root", "gs://b/runs", "--serving", "gs://b/serving/pet_mood"),
]


def run(*flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "kubeflow_runner.py", *flags],
        cwd=ROOT,
        env={**os.environ, "NO_PROXY": "localhost"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.mark.slow
def test_a_cluster_that_is_not_there_is_told_after_compiling(tmp_path: Path) -> None:
    with socket.socket() as taken:  # Bound and not listening: nobody else answers there either.
        taken.bind(("localhost", 0))
        endpoint = f"http://localhost:{taken.getsockname()[1]}"
        done = run(*GOOD, "--output", str(tmp_path), "--submit", "kubeflow", "--endpoint", endpoint)
    assert done.returncode == 2
    (complaint,) = done.stderr.splitlines()
    assert complaint.startswith(f"error: Kubeflow Pipelines at {endpoint} did not take")
    first, second = done.stdout.splitlines()
    assert first.startswith("Compiling")
    assert (
        second
        == f"Vertex AI takes {tmp_path}/pipeline.json, Kubeflow Pipelines {tmp_path}/pipeline.yaml"
    )
    job = json.loads((tmp_path / "pipeline.json").read_text("utf-8"))
    assert job["pipelineSpec"]["pipelineInfo"]["name"] == "pet-mood"


@pytest.mark.slow
def test_a_wrong_wish_is_told_before_anything_is_written(tmp_path: Path) -> None:
    done = run(*GOOD, "--output", str(tmp_path / "new"), "--set", "cluster.gpu_type=K80")
    assert done.returncode == 2
    assert done.stderr.startswith("error: cluster.gpu_type must be empty or one of")
    assert not (tmp_path / "new").exists()
