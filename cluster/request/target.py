"""Where a compiled pipeline is sent to, as typed, and its checks."""

import re
from typing import NamedTuple

from cluster.request.cron import check_cron
from schemas.errors import ConfigError

VERTEX, KUBEFLOW = "vertex", "kubeflow"
_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
_PLAIN = re.compile(r"[a-z0-9]([a-z0-9.:-]*[a-z0-9])?")
_ACCOUNT = re.compile(r"[^\s@]+@[^\s@]+")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""https://kubernetes.io/docs/concepts/overview/working-with-objects/names/."""


class Target(NamedTuple):
    """See ``cluster.cluster_request.ClusterRequest``, whose flags these are."""

    submit: str | None
    project: str | None
    region: str | None
    service_account: str | None
    endpoint: str | None
    namespace: str | None
    schedule: str | None


def check_target(target: Target, pipeline_root: str) -> None:
    """Raises ConfigError where flags are missing, malformed, or without effect."""
    needed = {
        VERTEX: (("--project", target.project), ("--region", target.region)),
        KUBEFLOW: (("--endpoint", target.endpoint),),
        None: (),
    }
    if target.submit not in needed:
        raise ConfigError(f"--submit takes {VERTEX} or {KUBEFLOW}. Received: {target.submit}")
    missing = [option for option, value in needed[target.submit] if not value]
    if missing:
        raise ConfigError(f"--submit {target.submit} needs {' and '.join(missing)}")
    _check_forms(target)
    for option, value in (("--endpoint", target.endpoint), ("--namespace", target.namespace)):
        if value and target.submit != KUBEFLOW:
            raise ConfigError(
                f"{option} goes with --submit {KUBEFLOW}. Received: {value} with "
                f"--submit {target.submit}. Leave it out"
            )
    if target.submit == VERTEX and not pipeline_root.startswith("gs://"):
        raise ConfigError(
            "Vertex AI keeps its outputs in Google Cloud Storage: --pipeline-root must start "
            f"with gs://. Received: {pipeline_root}"
        )
    if target.schedule is not None:
        if not target.submit:
            raise ConfigError("--schedule goes with --submit. Received it alone")
        check_cron(target.schedule, seconds_first=target.submit == KUBEFLOW)


def _check_forms(target: Target) -> None:
    of_vertex = target.submit == VERTEX
    for option, value, form, such_as in (
        ("--project", target.project, _PLAIN, "an id such as pet-mood-123"),
        ("--region", target.region, _PLAIN, "a name such as asia-northeast3"),
        ("--endpoint", target.endpoint, _URL, "an address such as http://localhost:8080"),
        ("--namespace", target.namespace, _LABEL, "a name such as pets"),
        (
            "--service-account",
            target.service_account,
            _ACCOUNT if of_vertex else re.compile(r"\S+"),
            "an account such as pet-pipeline@PROJECT.iam.gserviceaccount.com",
        ),
    ):
        if value is not None and not form.fullmatch(value):
            raise ConfigError(f"{option} must be {such_as}. Received: {value!r}")
