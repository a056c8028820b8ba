"""Settings of the nodes on Kubeflow and Vertex AI."""

import re
from typing import ClassVar

from pydantic import model_validator

from schemas.errors import ConfigError
from schemas.settings import SettingsGroup, setting

GPU_TYPES = (
    "NVIDIA_TESLA_T4",
    "NVIDIA_TESLA_V100",
    "NVIDIA_L4",
    "NVIDIA_TESLA_A100",
    "NVIDIA_A100_80GB",
    "NVIDIA_H100_80GB",
)
"""Vertex AI's names (its AcceleratorType)."""
CLUSTER_GPU = "nvidia.com/gpu"
"""What a plain Kubernetes cluster calls any of NVIDIA's."""


_SERVER = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+/?")


class ClusterSettings(SettingsGroup):
    """Resources of the nodes on Kubeflow and Vertex AI; for kubeflow_runner.py only."""

    GROUP: ClassVar[str] = "cluster"

    gpu_type: str = setting(
        "",
        "GPU of the Trainer and the Tuner, and one for the Evaluator and the BulkInferrer; needs "
        "--gpu-image: Vertex AI's name such as NVIDIA_L4, nvidia.com/gpu on a "
        "plain Kubernetes cluster, or empty for none.",
    )
    gpus: int = setting(1, "GPUs of each training machine.", ge=1)
    machines: int = setting(
        1, "Number of training machines; more than 1 uses a Vertex AI custom job.", ge=1
    )
    machine_type: str = setting(
        "g2-standard-8", "Vertex AI's name of the machines of a custom job."
    )
    endpoint: str = setting(
        "",
        "Name of a Vertex AI endpoint that a pushed model is also deployed to; it is created if "
        "need be. Empty is none.",
    )
    endpoint_image: str = setting("", "TensorFlow Serving image of the endpoint.")
    endpoint_machine_type: str = setting("n1-standard-4", "Machine type of the endpoint.")
    s3_endpoint: str = setting(
        "",
        "Address of the server of s3:// and minio:// folders, such as "
        "http://minio-service.kubeflow:9000; empty is Amazon's own.",
    )
    train_cpus: float = setting(8.0, "CPUs of the Trainer and the Tuner.", gt=0, unit="cores")
    train_memory_gb: float = setting(30.0, "Memory of the Trainer and the Tuner.", gt=0, unit="GB")
    data_cpus: float = setting(
        8.0, "CPUs of the nodes before them, which run Beam.", gt=0, unit="cores"
    )
    data_memory_gb: float = setting(
        16.0, "Memory of the nodes before them, which run Beam.", gt=0, unit="GB"
    )
    cpus: float = setting(2.0, "CPUs of all other nodes.", gt=0, unit="cores")
    memory_gb: float = setting(8.0, "Memory of all other nodes.", gt=0, unit="GB")
    retries: int = setting(
        2,
        "Times that a failed node is started again. Wrong settings and refused data end it once.",
        ge=0,
    )
    retry_seconds: int = setting(
        60, "Pause before the first of these; doubled each time.", ge=1, unit="seconds"
    )
    always_run: str = setting(
        "", "Ids of nodes whose results are never reused, with commas between them."
    )

    @model_validator(mode="after")
    def _goes_together(self) -> "ClusterSettings":
        known = (*GPU_TYPES, CLUSTER_GPU)
        if self.gpu_type and self.gpu_type not in known:
            raise ConfigError(
                f"cluster.gpu_type must be empty or one of {', '.join(known)}. "
                f"Received: {self.gpu_type!r}"
            )
        if self.s3_endpoint and not _SERVER.fullmatch(self.s3_endpoint):
            raise ConfigError(
                "cluster.s3_endpoint must be the address of a server, such as "
                f"http://minio-service.kubeflow:9000. Received: {self.s3_endpoint!r}"
            )
        if bool(self.endpoint) != bool(self.endpoint_image):
            raise ConfigError(
                "cluster.endpoint and cluster.endpoint_image go together. Received: "
                f"{self.endpoint!r} and {self.endpoint_image!r}"
            )
        return self

    @property
    def never_reused(self) -> tuple[str, ...]:
        """``always_run``, taken apart."""
        return tuple(name.strip() for name in self.always_run.split(",") if name.strip())
