"""What the nodes get on Kubeflow and Vertex AI."""

from dataclasses import dataclass

from schemas.errors import ConfigError

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


@dataclass(frozen=True)
class ClusterSettings:
    """What the nodes get on Kubeflow and Vertex AI (kubeflow_runner.py); nothing elsewhere.

    Attributes:
      gpu_type: for the Trainer and the Tuner: Vertex AI's name such as NVIDIA_L4, nvidia.com/gpu
        on a plain Kubernetes cluster, or nothing for none.
      gpus: of each machine that trains.
      machines: that train together; more than one are a Vertex AI custom job.
      machine_type: of a custom job's machines, Vertex AI's name.
      endpoint: name of a Vertex AI endpoint that a pushed model is also deployed to, made if need
        be; empty for none.
      endpoint_image: of TensorFlow Serving, for the endpoint.
      endpoint_machine_type: of the endpoint's machines.
      train_cpus, train_memory_gb: for the Trainer and the Tuner.
      data_cpus, data_memory_gb: for the nodes before them, which run Beam.
      cpus, memory_gb: for all others.
      retries: times that a failed node is started anew.
      retry_seconds: before the first of them; doubled each time.
      always_run: ids of nodes that are never reused, with commas between them.
    """

    gpu_type: str = ""
    gpus: int = 1
    machines: int = 1
    machine_type: str = "g2-standard-8"
    endpoint: str = ""
    endpoint_image: str = ""
    endpoint_machine_type: str = "n1-standard-4"
    train_cpus: float = 8.0
    train_memory_gb: float = 30.0
    data_cpus: float = 8.0
    data_memory_gb: float = 16.0
    cpus: float = 2.0
    memory_gb: float = 8.0
    retries: int = 2
    retry_seconds: int = 60
    always_run: str = ""

    def __post_init__(self) -> None:
        known = (*GPU_TYPES, CLUSTER_GPU)
        if self.gpu_type and self.gpu_type not in known:
            raise ConfigError(
                f"cluster.gpu_type must be empty or one of {', '.join(known)}. "
                f"Received: {self.gpu_type!r}"
            )
        for name, least in (("gpus", 1), ("machines", 1), ("retries", 0), ("retry_seconds", 1)):
            if getattr(self, name) < least:
                raise ConfigError(
                    f"cluster.{name} must be at least {least}. Received: {getattr(self, name)}"
                )
        if bool(self.endpoint) != bool(self.endpoint_image):
            raise ConfigError(
                "cluster.endpoint and cluster.endpoint_image go together. Received: "
                f"{self.endpoint!r} and {self.endpoint_image!r}"
            )
        for name in ("train_cpus", "train_memory_gb", "data_cpus", "data_memory_gb", "cpus"):
            self._check_positive(name)
        self._check_positive("memory_gb")

    def _check_positive(self, name: str) -> None:
        value = getattr(self, name)
        if not value > 0:
            raise ConfigError(f"cluster.{name} must be above 0. Received: {value}")

    @property
    def never_reused(self) -> tuple[str, ...]:
        """``always_run``, taken apart."""
        return tuple(name.strip() for name in self.always_run.split(",") if name.strip())
