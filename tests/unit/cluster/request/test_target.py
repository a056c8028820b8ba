"""Flags of sending: malformed ones, and ones that would have no effect."""

from typing import Any

import pytest

from schemas.errors import ConfigError
from testing.pipeline.cluster_request import KUBEFLOW, VERTEX, request


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({**VERTEX, "project": "My Project"}, "--project must be an id"),
        ({**VERTEX, "region": "서울"}, "--region must be a name"),
        ({**VERTEX, "service_account": "pet-pipeline"}, "--service-account must be an account"),
        ({**VERTEX, "endpoint": "http://localhost"}, "--endpoint goes with --submit kubeflow"),
        ({**VERTEX, "namespace": "pets"}, "--namespace goes with --submit kubeflow"),
        ({"namespace": "pets"}, "--namespace goes with --submit kubeflow"),
        ({**KUBEFLOW, "endpoint": "localhost:8080"}, "--endpoint must be an address"),
        ({**KUBEFLOW, "endpoint": "http://"}, "--endpoint must be an address"),
        ({**KUBEFLOW, "endpoint": "http://u:p@host"}, "--endpoint must be an address"),
        ({**KUBEFLOW, "namespace": "My_Pets"}, "--namespace must be a name"),
        ({**KUBEFLOW, "schedule": "0 0 25 * * *"}, "--schedule's hour must be"),
        ({**VERTEX, "schedule": ""}, "cron expression of five fields"),
        ({"data_version": " "}, "--data-version must be a text"),
    ],
)
def test_flags_that_cannot_be_meant_are_told(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        request(**changes).inputs()


def test_good_flags_are_taken() -> None:
    request(**VERTEX, service_account="a@p.iam", schedule="TZ=Asia/Seoul 0 3 * * 1").inputs()
    request(**KUBEFLOW, namespace="pets", service_account="pipeline-runner").inputs()
    request(**{**KUBEFLOW, "endpoint": "https://host/pipeline/"}).inputs()


def test_vertex_ais_names_have_no_effect_on_kubeflow() -> None:
    for flag in ("project", "region"):
        with pytest.raises(ConfigError, match=f"--{flag} is Vertex AI's.*no effect"):
            request(**KUBEFLOW, **{flag: "p"}).settings()
    request("cluster.machines=2", **KUBEFLOW, project="p", region="r").settings()


def test_a_number_of_gpus_needs_their_kind() -> None:
    with pytest.raises(ConfigError, match=r"cluster\.gpus needs cluster\.gpu_type"):
        request("cluster.gpus=2").settings()
