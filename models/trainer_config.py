"""Configuration of the Trainer and the Tuner: the node's ``custom_config``."""

import dataclasses
import logging
import os
from collections.abc import Mapping
from typing import Any

from models.settings.augmentation import AugmentSettings
from models.settings.calibration import CalibrationConfig
from models.settings.network import ModelSettings
from models.settings.training import TrainSettings
from models.tuning import settings
from schemas import artifacts
from schemas.documents.training import TrainedOnKind

_LOGGER = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class TrainerConfig:
    """The Trainer's ``custom_config``.

    Attributes:
      model: the network.
      train: the training.
      augment: random changes to its pictures.
      moods: names in index order.
      box_margin: share by which the ingest widened boxes, ``DataSettings.box_margin``.
      box_overhang: share of a box's side that may lie outside of a photo,
        ``DataSettings.box_overhang``.
      backup_dir: folder for backups, the same in each run, which the runner removes once TFX has
        recorded the node as complete. "" is a folder beside the run's outputs, which on a cluster
        a restarted node finds again; there the node removes it itself.
      calibration: of the probabilities, and the threshold of unsure answers.
      gpus: GPUs that each machine must have, or the node fails at once; 0 takes what there is.
      trained_on: what the pictures are, for those who use the model.
    """

    model: ModelSettings
    train: TrainSettings
    augment: AugmentSettings
    moods: tuple[str, ...]
    box_margin: float
    backup_dir: str
    calibration: CalibrationConfig = dataclasses.field(default_factory=CalibrationConfig)
    box_overhang: float = 0.0
    gpus: int = 0
    trained_on: TrainedOnKind = ""

    @classmethod
    def from_json(cls, config: Mapping[str, Any]) -> "TrainerConfig":
        """Creates the configuration from JSON values by the attributes' names."""
        return cls(
            model=ModelSettings(**config["model"]),
            train=TrainSettings(**config["train"]),
            augment=AugmentSettings(**config["augment"]),
            moods=tuple(config["moods"]),
            box_margin=float(config["box_margin"]),
            backup_dir=config["backup_dir"],
            calibration=CalibrationConfig(**config.get("calibration", {})),
            box_overhang=float(config.get("box_overhang", 0.0)),
            gpus=int(config.get("gpus", 0)),
            trained_on=config.get("trained_on", ""),
        )

    def with_hyperparameters(self, hyperparameters: Mapping[str, Any] | None) -> "TrainerConfig":
        """Returns the configuration with the Tuner's best values.

        Args:
          hyperparameters: keras-tuner's ``HyperParameters.get_config()``, with values by dotted
            names of settings; None without a Tuner.

        Raises:
          ConfigError: for a name that is no setting of a training.
        """
        if hyperparameters is None:
            return self
        values = hyperparameters["values"]
        _LOGGER.info("The Tuner's best values take the place of the settings: %s", values)
        train, augment = settings.with_values(self.train, self.augment, values)
        return dataclasses.replace(self, train=train, augment=augment)

    @property
    def clears_backups(self) -> bool:
        """Whether the node removes its backups at its end, because no runner does."""
        return not self.backup_dir

    def with_backup_dir(self, run_dir: str) -> "TrainerConfig":
        """Returns the configuration with a ``backup_dir`` beside the run's outputs if it was ""."""
        folder = os.path.join(os.path.dirname(run_dir), artifacts.UNFINISHED)
        return dataclasses.replace(self, backup_dir=self.backup_dir or folder)
