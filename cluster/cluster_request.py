"""What the user asked of the cluster, as typed, and its checks. Nothing heavy is imported."""

from dataclasses import dataclass
from pathlib import Path

from cluster.request.image_names import check_image
from cluster.request.places import check_apart, check_folder, check_name
from cluster.request.target import KUBEFLOW, VERTEX, Target, check_target
from pipeline import config, nodes
from pipeline.beam import LOCAL
from pipeline.cluster_settings import CLUSTER_GPU
from pipeline.config import Settings
from pipeline.run_inputs import ClusterInputs, check_validation, moods_of
from schemas.errors import ConfigError
from system.buckets.stores import GOOGLE, MINIO

_NODES = tuple(value for name, value in vars(nodes).items() if name.isupper())


@dataclass(frozen=True)
class ClusterRequest:
    """A command line's wishes.

    Attributes:
      image: of the pipeline's steps, with a tag or digest of its own.
      gpu_image: the same of the steps with a GPU; with ``cluster.gpu_type`` and only then.
      pipeline_root, data_root, serving: see ``pipeline.run_inputs.ClusterInputs``.
      output: folder that the compiled pipeline is written into.
      train_csv, eval_csv, validation_csv, predict_csv, data_version: see there.
      labels: label file; None is AI Hub's six moods.
      preset, config_file, overrides: of the settings, as for ``local_runner.py``.
      submit: where the pipeline is sent to, ``VERTEX`` or ``KUBEFLOW``; None is nowhere.
      project, region, service_account: Vertex AI's.
      endpoint: URL of Kubeflow Pipelines.
      namespace: Kubernetes namespace of a Kubeflow with several users.
      schedule: cron expression for runs again and again.
    """

    image: str
    pipeline_root: str
    data_root: str
    serving: str
    output: Path
    train_csv: str = "train.csv"
    eval_csv: str | None = None
    validation_csv: str | None = None
    predict_csv: str | None = None
    data_version: str = "1"
    gpu_image: str | None = None
    labels: Path | None = None
    preset: str = "default"
    config_file: Path | None = None
    overrides: tuple[str, ...] = ()
    submit: str | None = None
    project: str | None = None
    region: str | None = None
    service_account: str | None = None
    endpoint: str | None = None
    namespace: str | None = None
    schedule: str | None = None

    def settings(self) -> Settings:
        """Returns the settings, checked to make sense on a cluster.

        Raises:
          ConfigError: as ``pipeline.config.load`` does, and for what no cluster can do.
        """
        settings = config.load(self.preset, self.config_file, self.overrides)
        check_validation(settings.data, self.validation_csv)
        unknown = [name for name in settings.cluster.never_reused if name not in _NODES]
        if unknown:
            raise ConfigError(
                f"cluster.always_run must name nodes: {', '.join(_NODES)}. "
                f"Received: {', '.join(unknown)}"
            )
        for group, why in (
            (settings.metadata, "a cluster, which has an ML Metadata of its own"),
            (settings.retain, "a cluster, whose object store has rules of its own"),
        ):
            if elsewhere := group.changed():
                names = ", ".join(f"{group.GROUP}.{name}" for name in elsewhere)
                raise ConfigError(
                    f"{group.GROUP}.* is for local_runner.py and has no effect on {why}. "
                    f"Received: {names}. Leave it out"
                )
        if settings.beam.runner == LOCAL and settings.beam.options:
            raise ConfigError(
                "beam.options belong to an engine other than local. "
                f"Received: {settings.beam.options}"
            )
        if self.submit == VERTEX and settings.cluster.gpu_type == CLUSTER_GPU:
            raise ConfigError(
                "Vertex AI has names of its own for GPUs. "
                f"Received: cluster.gpu_type={CLUSTER_GPU}. Take NVIDIA_L4, for example"
            )
        if self.submit == KUBEFLOW and settings.cluster.gpu_type not in ("", CLUSTER_GPU):
            raise ConfigError(
                f"A Kubernetes cluster calls a GPU {CLUSTER_GPU}. "
                f"Received: cluster.gpu_type={settings.cluster.gpu_type}"
            )
        if bool(settings.cluster.gpu_type) != bool(self.gpu_image):
            raise ConfigError(
                "cluster.gpu_type and --gpu-image go together: the image without CUDA's libraries "
                "trains on the CPU of a machine with a GPU. Received: "
                f"cluster.gpu_type={settings.cluster.gpu_type} and --gpu-image {self.gpu_image}. "
                "Build it with --target gpu (docs/containers.md)"
            )
        if settings.cluster.gpus > 1 and not settings.cluster.gpu_type:
            raise ConfigError(
                "cluster.gpus needs cluster.gpu_type, which says of what kind. Received: "
                f"cluster.gpus={settings.cluster.gpus} alone"
            )
        of_vertex = (
            (settings.cluster.machines > 1, "cluster.machines above 1 is a custom job"),
            (settings.cluster.endpoint, "cluster.endpoint is an endpoint"),
        )
        if self.submit == KUBEFLOW and not any(asked for asked, _ in of_vertex):
            for option, value in (("--project", self.project), ("--region", self.region)):
                if value:
                    raise ConfigError(
                        f"{option} is Vertex AI's, and has no effect with --submit {KUBEFLOW}. "
                        f"Received: {value}. Leave it out"
                    )
        for asked, what in of_vertex:
            if asked and not (self.project and self.region):
                raise ConfigError(
                    f"{what} of Vertex AI: --project and --region must say whose and where"
                )
        self._check_storage(settings)
        return settings

    def _check_storage(self, settings: Settings) -> None:
        """Refuses what cannot read the folders, before anything starts."""
        addresses = (self.pipeline_root, self.data_root, self.serving)
        in_s3 = [each for each in addresses if "://" in each and not each.startswith(GOOGLE)]
        if any(each.startswith(MINIO) for each in in_s3) and not settings.cluster.s3_endpoint:
            raise ConfigError(
                "minio:// needs cluster.s3_endpoint, the server's address, such as "
                f"http://minio-service.kubeflow:9000. Received: {', '.join(in_s3)}"
            )
        if self.pipeline_root not in in_s3:
            return
        # Their tasks work on copies of their own machine (pipeline.container.staging).
        for asked, what in (
            (settings.beam.runner != LOCAL, f"beam.runner={settings.beam.runner}"),
            (settings.cluster.machines > 1, f"cluster.machines={settings.cluster.machines}"),
        ):
            if asked:
                raise ConfigError(
                    f"--pipeline-root must be in gs:// with {what}: other machines cannot read "
                    "the copies that TensorFlow and Beam need of what is in S3. "
                    f"Received: {self.pipeline_root}"
                )

    def inputs(self) -> ClusterInputs:
        """Returns the data and folders, checked as far as that goes from here.

        Raises:
          ConfigError: an image without a tag, or a path that the cluster cannot see.
        """
        check_image("--image", self.image)
        if self.gpu_image is not None:
            check_image("--gpu-image", self.gpu_image)
            if self.gpu_image == self.image:
                raise ConfigError(
                    "--gpu-image must be another image than --image, built with --target gpu. "
                    f"Received: {self.image} for both"
                )
        folders = {
            "--pipeline-root": self.pipeline_root,
            "--data-root": self.data_root,
            "--serving": self.serving,
        }
        for option, value in folders.items():
            check_folder(option, value)
        check_apart(folders)
        for option, name in (
            ("--train-csv", self.train_csv),
            ("--eval-csv", self.eval_csv),
            ("--validation-csv", self.validation_csv),
            ("--predict-csv", self.predict_csv),
        ):
            if name is not None:
                check_name(option, name)
        if self.eval_csv == self.train_csv:
            raise ConfigError(f"--eval-csv must not be --train-csv. Received: {self.eval_csv}")
        if self.validation_csv is not None:
            self._check_validation_csv(self.validation_csv)
        target = Target(
            submit=self.submit,
            project=self.project,
            region=self.region,
            service_account=self.service_account,
            endpoint=self.endpoint,
            namespace=self.namespace,
            schedule=self.schedule,
        )
        check_target(target, self.pipeline_root)
        if not self.data_version.strip():
            raise ConfigError(
                f"--data-version must be a text, such as 1. Received: {self.data_version!r}"
            )
        return ClusterInputs(
            data_root=self.data_root.rstrip("/"),
            train_csv=self.train_csv,
            eval_csv=self.eval_csv,
            data_version=self.data_version,
            moods=moods_of(self.labels),
            root=self.pipeline_root.rstrip("/"),
            serving=self.serving.rstrip("/"),
            predict_csv=self.predict_csv,
            validation_csv=self.validation_csv,
        )

    def _check_validation_csv(self, name: str) -> None:
        if self.eval_csv is None:
            raise ConfigError(
                "--validation-csv goes with --eval-csv. Received it alone. A share of one CSV's "
                "clips is data.validation_fraction"
            )
        if name in (self.train_csv, self.eval_csv):
            raise ConfigError(
                f"--validation-csv must be neither --train-csv nor --eval-csv. Received: {name}"
            )
