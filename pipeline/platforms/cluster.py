"""A cluster as a platform: a run on Kubeflow or Vertex AI, compiled by ``kubeflow_runner.py``."""

from dataclasses import dataclass
from typing import Any

from tfx.orchestration.data_types import RuntimeParameter

from components.exporter.settings import ExportSettings
from components.model_resolvers.last_pushed import LastPushed
from components.pet_example_gen.component import PetExampleGen
from components.pet_example_gen.job import IngestSettings, unlabelled
from pipeline import run_inputs
from pipeline.config import Settings
from pipeline.ingest_scenes import scene_settings
from pipeline.platforms.endpoint import endpoint_pusher
from pipeline.run_inputs import ClusterInputs
from schemas.documents.training import TrainedOnKind
from schemas.errors import ConfigError
from schemas.splits import UNLABELLED

DATA_ROOT = "data_root"
DATA_VERSION = "data_version"
"""Parameters that a run on a cluster may be given."""
INGEST_LOG = "ingests"
"""Folder below the root with the entries of ``components.pet_example_gen.earlier_results``."""


@dataclass(frozen=True)
class ClusterPlatform:
    """A run on Kubeflow or Vertex AI."""

    inputs: ClusterInputs
    name: str = "pet-mood"
    schema_file: str = "schemas/schema.pbtxt"
    """From the image's working folder, the project's root."""
    backup_dir: str = ""
    metadata: Any = None
    trained_on: TrainedOnKind = ""
    """The data are not seen from here."""
    project: str | None = None
    region: str | None = None

    @property
    def moods(self) -> tuple[str, ...]:
        """See ``Platform``."""
        return self.inputs.moods

    @property
    def root(self) -> str:
        """See ``Platform``."""
        return self.inputs.root

    @property
    def serving(self) -> str:
        """See ``Platform``."""
        return self.inputs.serving

    def gpus(self, settings: Settings) -> int:
        """See ``Platform``; a machine that is paid for its GPU must not train on its CPU."""
        return settings.cluster.gpus if settings.cluster.gpu_type else 0

    def choosing_split(self, settings: Settings) -> str:
        """See ``Platform``."""
        return run_inputs.choosing_split(settings.data, self.inputs.validation_csv)

    def check_exports(self, settings: ExportSettings) -> None:
        """Checks nothing: the packages must be in the image, and not here."""

    def example_gen(self, settings: Settings, code: str) -> PetExampleGen:
        """See ``Platform``."""
        inputs, ingest = self.inputs, self._ingest(settings, code)
        csvs = run_inputs.csvs_by_split(inputs.train_csv, inputs.validation_csv, inputs.eval_csv)
        eval_fraction = None if inputs.eval_csv else settings.data.eval_fraction
        return PetExampleGen(csvs, ingest, eval_fraction, **self._parameters())

    def unlabelled_gen(self, settings: Settings, code: str) -> PetExampleGen | None:
        """See ``Platform``."""
        csv = self.inputs.predict_csv
        if csv is None:
            return None
        ingest = unlabelled(self._ingest(settings, code))
        return PetExampleGen({UNLABELLED: csv}, ingest, **self._parameters())

    def _ingest(self, settings: Settings, code: str) -> IngestSettings:
        return IngestSettings(
            data=settings.data,
            thin=settings.thin,
            moods=self.inputs.moods,
            side=settings.model.resolution,
            scenes=scene_settings(settings),
            code=code,
        )

    def _parameters(self) -> dict[str, Any]:
        return {
            "log": f"{self.inputs.root.rstrip('/')}/{INGEST_LOG}",
            "data_root": RuntimeParameter(DATA_ROOT, str, self.inputs.data_root),
            "data_version": RuntimeParameter(DATA_VERSION, str, self.inputs.data_version),
        }

    def base_model(self, examples: Any) -> Any:
        """Raises ConfigError: there is no resolver to find it."""
        raise ConfigError(
            "model.warm_start needs ML Metadata's answers, which a cluster does not give while it "
            "compiles. Name the checkpoint in the image instead: model.weights=FILE"
        )

    def last_model(self, model: Any) -> Any:
        """See ``Platform``."""
        return LastPushed(serving=self.inputs.serving)

    def other_pushers(self, settings: Settings, pusher: Any, **blessed: Any) -> list[Any]:
        """See ``Platform``."""
        if not settings.cluster.endpoint:
            return []
        return [endpoint_pusher(settings.cluster, self.project, self.region, pusher, **blessed)]
