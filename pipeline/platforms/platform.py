"""What the graph asks of the platform that it runs on."""

from typing import Any, Protocol

from components.pet_example_gen.component import PetExampleGen
from pipeline.config import Settings
from schemas.documents.training import TrainedOnKind


class Platform(Protocol):
    """What the graph asks of where it runs."""

    @property
    def name(self) -> str:
        """The pipeline's."""

    @property
    def moods(self) -> tuple[str, ...]:
        """Names in index order."""

    @property
    def root(self) -> str:
        """TFX's pipeline root."""

    @property
    def serving(self) -> str:
        """Folder that TensorFlow Serving polls."""

    @property
    def schema_file(self) -> str:
        """The schema, where the node that imports it runs."""

    @property
    def backup_dir(self) -> str:
        """See ``models.trainer_config.TrainerConfig``."""

    @property
    def trained_on(self) -> TrainedOnKind:
        """What the pictures of the training are, as far as it is known here."""

    @property
    def metadata(self) -> Any:
        """ML Metadata's connection; None where the cluster has its own."""

    def gpus(self, settings: Settings) -> int:
        """Returns the GPUs that a training must see on each machine; 0 takes what there is."""

    def choosing_split(self, settings: Settings) -> str:
        """The split that epoch, settings and temperature are chosen on."""

    def example_gen(self, settings: Settings, code: str) -> PetExampleGen:
        """Returns the node that reads the data; ``code`` is the version of ours."""

    def unlabelled_gen(self, settings: Settings, code: str) -> PetExampleGen | None:
        """Returns the node that reads what a pushed model is asked for; None where nothing is."""

    def base_model(self, examples: Any) -> Any:
        """Returns the node that finds what a training on these Examples goes on from."""

    def last_model(self, model: Any) -> Any:
        """Returns the node whose output "model" a new model must not fall behind."""

    def other_pushers(self, settings: Settings, pusher: Any, **blessed: Any) -> list[Any]:
        """Returns nodes that deploy what ``pusher`` pushes; ``blessed`` are its inputs."""
