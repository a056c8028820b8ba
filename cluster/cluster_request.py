"""What the user asked of the cluster, as typed, and its checks. Nothing heavy is imported."""

import re
from dataclasses import dataclass
from pathlib import Path

from pipeline import config, nodes
from pipeline.beam import LOCAL
from pipeline.cluster_settings import CLUSTER_GPU
from pipeline.config import Settings
from pipeline.run_inputs import ClusterInputs, check_validation, moods_of
from schemas.errors import ConfigError
from system.buckets.stores import GOOGLE, MINIO, SCHEMES
from system.patterns import SPECIAL

VERTEX, KUBEFLOW = "vertex", "kubeflow"
STORAGE = SCHEMES
"""Object stores that Kubeflow's pipelines may keep their outputs in."""
_IMAGE = re.compile(
    r"(?P<registry>[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]+)?/)?(?P<name>[^:@]+)"
    r"(:(?P<tag>[^:@/]*))?(@(?P<digest>.*))?"
)
"""The parts of a reference to an image, whatever is in them."""
_NAME = re.compile(r"[a-z0-9]+((\.|_{1,2}|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_{1,2}|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
"""Names, tags and digests: https://pkg.go.dev/github.com/distribution/reference."""
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
        for asked, what in (
            (settings.cluster.machines > 1, "cluster.machines above 1 is a custom job"),
            (settings.cluster.endpoint, "cluster.endpoint is an endpoint"),
        ):
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
        _check_image("--image", self.image)
        if self.gpu_image is not None:
            _check_image("--gpu-image", self.gpu_image)
            if self.gpu_image == self.image:
                raise ConfigError(
                    "--gpu-image must be another image than --image, built with --target gpu. "
                    f"Received: {self.image} for both"
                )
        for option, value in (
            ("--pipeline-root", self.pipeline_root),
            ("--data-root", self.data_root),
            ("--serving", self.serving),
        ):
            if not value.startswith(STORAGE):
                raise ConfigError(
                    f"{option} must be in an object store ({', '.join(STORAGE)}): a cluster's "
                    f"machines do not see this one's folders. Received: {value}"
                )
            if any(char in value for char in SPECIAL):
                raise ConfigError(
                    f"{option} must have none of {' '.join(SPECIAL)}, which Beam and TensorFlow "
                    f"take for a pattern. Received: {value}"
                )
        for option, name in (
            ("--train-csv", self.train_csv),
            ("--eval-csv", self.eval_csv),
            ("--validation-csv", self.validation_csv),
            ("--predict-csv", self.predict_csv),
        ):
            if name is not None and ("://" in name or name.startswith(("/", "../"))):
                raise ConfigError(
                    f"{option} must be a name below --data-root, such as train.csv. "
                    f"Received: {name}"
                )
        if self.eval_csv == self.train_csv:
            raise ConfigError(f"--eval-csv must not be --train-csv. Received: {self.eval_csv}")
        if self.validation_csv is not None:
            self._check_validation_csv(self.validation_csv)
        self._check_target()
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

    def _check_target(self) -> None:
        needed = {
            VERTEX: (("--project", self.project), ("--region", self.region)),
            KUBEFLOW: (("--endpoint", self.endpoint),),
            None: (),
        }
        if self.submit not in needed:
            raise ConfigError(f"--submit takes {VERTEX} or {KUBEFLOW}. Received: {self.submit}")
        missing = [option for option, value in needed[self.submit] if not value]
        if missing:
            raise ConfigError(f"--submit {self.submit} needs {' and '.join(missing)}")
        if self.submit == VERTEX and not self.pipeline_root.startswith("gs://"):
            raise ConfigError(
                "Vertex AI keeps its outputs in Google Cloud Storage: --pipeline-root must start "
                f"with gs://. Received: {self.pipeline_root}"
            )
        if self.schedule and not self.submit:
            raise ConfigError("--schedule goes with --submit. Received it alone")
        if self.schedule and len(self.schedule.split()) != {KUBEFLOW: 6}.get(self.submit or "", 5):
            raise ConfigError(
                "--schedule takes a cron expression of five fields for Vertex AI, and of six, "
                f"seconds first, for Kubeflow. Received: {self.schedule}"
            )


def _check_image(flag: str, image: str) -> None:
    found = _IMAGE.fullmatch(image)
    if found is None or not _NAME.fullmatch(found["name"]) or len(found["name"]) > 255:
        raise ConfigError(
            f"{flag} must name an image of small letters, digits and single . _ - between "
            f"them, as REGISTRY/pet/pipeline:TAG. Received: {image}"
        )
    if found["tag"] is not None and not _TAG.fullmatch(found["tag"]):
        raise ConfigError(
            "An image's tag must be up to 128 letters, digits and _ . - of ASCII, and begin "
            f"with none of . and -. Received: {found['tag']!r} in {flag} {image}"
        )
    if found["digest"] is not None and not _DIGEST.fullmatch(found["digest"]):
        raise ConfigError(
            "An image's digest must be sha256: and 64 digits of 0-9 and a-f. "
            f"Received: {flag} {image}"
        )
    if found["digest"] is None and found["tag"] in (None, "latest"):
        raise ConfigError(
            f"{flag} must have a tag of its own (NAME:TAG, not latest) or a digest "
            "(NAME@sha256:…): it stands for the code's version, and what older code made is "
            f"reused as long as it stays. Received: {image}"
        )
