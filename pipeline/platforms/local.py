"""This machine as a platform: a run by ``local_runner.py``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfx.dsl.components.common import resolver
from tfx.types import Channel, standard_artifacts

from components.exporter.component import check_installed
from components.exporter.settings import ExportSettings
from components.model_resolvers import last_blessed
from components.pet_example_gen.component import PetExampleGen
from components.pet_example_gen.job import IngestSettings, unlabelled
from dataset.fingerprint import photos_fingerprint
from dataset.sample.writer import is_sample
from pipeline import nodes, run_inputs
from pipeline.code_version import versioned_schema
from pipeline.config import Settings
from pipeline.ingest_scenes import scene_settings
from pipeline.metadata import store
from pipeline.metadata.settings import MetadataSettings
from pipeline.run_inputs import RunInputs
from schemas import artifacts
from schemas.documents.training import DRAWINGS, PHOTOS, TrainedOnKind
from schemas.splits import UNLABELLED


@dataclass(frozen=True)
class LocalPlatform:
    """A run by ``local_runner.py``."""

    inputs: RunInputs
    store: MetadataSettings

    @property
    def name(self) -> str:
        """See ``Platform``."""
        return store.pipeline_name(self.store, self.inputs)

    @property
    def moods(self) -> tuple[str, ...]:
        """See ``Platform``."""
        return self.inputs.moods

    @property
    def root(self) -> str:
        """See ``Platform``."""
        return str(self.inputs.artifacts)

    @property
    def serving(self) -> str:
        """See ``Platform``."""
        return str(self.inputs.serving)

    @property
    def schema_file(self) -> str:
        """See ``Platform``."""
        return str(versioned_schema(self.inputs.output))

    @property
    def backup_dir(self) -> str:
        """Not in the node's output, which TFX deletes when it fails."""
        return str(self.inputs.artifacts.absolute() / nodes.TRAINER / artifacts.UNFINISHED)

    @property
    def trained_on(self) -> TrainedOnKind:
        """See ``Platform``; a CSV in the folder of a drawn sample has drawings."""
        return DRAWINGS if is_sample(self.inputs.train_csv.parent) else PHOTOS

    @property
    def metadata(self) -> Any:
        """See ``Platform``."""
        return store.connection(self.store, self.inputs)

    def gpus(self, settings: Settings) -> int:
        """See ``Platform``; ``cluster.*`` has no meaning here."""
        return 0

    def choosing_split(self, settings: Settings) -> str:
        """See ``Platform``."""
        return run_inputs.choosing_split(settings.data, self.inputs.validation_csv)

    def check_exports(self, settings: ExportSettings) -> None:
        """See ``Platform``."""
        check_installed(settings)

    def example_gen(self, settings: Settings, code: str) -> PetExampleGen:
        """See ``Platform``; looks at every photo's size and time.

        Raises:
          DataRefusedError: a CSV is empty, not UTF-8 or lacks a column.
        """
        inputs = self.inputs
        paths = (inputs.train_csv, inputs.validation_csv, inputs.eval_csv)
        ingest = self._ingest(settings, code, *paths)
        train, validation, evaluation = (str(path.absolute()) if path else None for path in paths)
        csvs = run_inputs.csvs_by_split(str(train), validation, evaluation)
        return PetExampleGen(csvs, ingest, None if evaluation else settings.data.eval_fraction)

    def unlabelled_gen(self, settings: Settings, code: str) -> PetExampleGen | None:
        """See ``Platform`` and ``example_gen``."""
        csv = self.inputs.predict_csv
        if csv is None:
            return None
        ingest = self._ingest(settings, code, csv, labelled=False)
        return PetExampleGen({UNLABELLED: str(csv.absolute())}, unlabelled(ingest))

    def _ingest(
        self, settings: Settings, code: str, *csvs: Path | None, labelled: bool = True
    ) -> IngestSettings:
        inputs = self.inputs
        digests = [
            photos_fingerprint(csv, inputs.image_root or csv.parent, labelled=labelled)
            for csv in csvs
            if csv
        ]
        return IngestSettings(
            data=settings.data,
            thin=settings.thin,
            moods=inputs.moods,
            side=settings.model.resolution,
            scenes=scene_settings(settings),
            image_root=str(inputs.image_root.absolute()) if inputs.image_root else "",
            photos=" ".join(digests),
            code=code,
        )

    def base_model(self, examples: Any) -> Any:
        """See ``Platform``."""
        return base_model_of(examples)

    def last_model(self, model: Any) -> Any:
        """See ``Platform``."""
        return resolver.Resolver(
            strategy_class=last_blessed.LastBlessedBefore,
            **_models_and_blessings(),
            **{last_blessed.CURRENT: model},
        )

    def other_pushers(self, settings: Settings, pusher: Any, **blessed: Any) -> list[Any]:
        """See ``Platform``."""
        return []


def base_model_of(examples: Any) -> resolver.Resolver:
    """Returns the node that finds what a training on these Examples goes on from."""
    return resolver.Resolver(
        strategy_class=last_blessed.LastBlessedOfOtherExamples,
        **_models_and_blessings(),
        **{last_blessed.EXAMPLES: examples},
    ).with_id(nodes.WARM_START)


def _models_and_blessings() -> dict[str, Any]:
    return {
        last_blessed.MODEL: Channel(type=standard_artifacts.Model),
        last_blessed.BLESSING: Channel(type=standard_artifacts.ModelBlessing),
    }
