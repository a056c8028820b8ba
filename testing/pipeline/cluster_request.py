"""A valid request to a cluster, for the tests to change."""

from pathlib import Path
from typing import Any

from cluster.cluster_request import ClusterRequest

GOOD: dict[str, Any] = {
    "image": "reg/p/pet/pipeline:2026-01-31",
    "pipeline_root": "gs://b/runs",
    "data_root": "gs://b/data/",
    "serving": "gs://b/serving/pet_mood",
    "eval_csv": "val.csv",
    "output": Path("build/cluster"),
}
VERTEX = {"submit": "vertex", "project": "p", "region": "r"}
KUBEFLOW = {"submit": "kubeflow", "endpoint": "http://localhost:8888"}


def request(*overrides: str, **changes: Any) -> ClusterRequest:
    """Returns the valid request with changes."""
    return ClusterRequest(**{**GOOD, "overrides": overrides, **changes})
