"""What a run works on, as opposed to how it works (``pipeline.config``)."""

from dataclasses import dataclass
from pathlib import Path

from dataset.settings import DataSettings
from schemas.errors import ConfigError
from schemas.labels import DEFAULT_MOODS, LabelMapError, read_moods
from schemas.splits import EVAL, TRAIN, VALIDATION

SPAN = "{SPAN}"
"""TFX's word in the name of a cluster's CSV for a number that rises with time."""
ALL = "all"
"""Name of a CSV's rows that the ingest itself splits into train and eval."""


def moods_of(labels: Path | None) -> tuple[str, ...]:
    """Returns the moods of a label file in index order; None are AI Hub's six.

    Raises:
      ConfigError: the file is no label map.
    """
    if labels is None:
        return DEFAULT_MOODS
    try:
        return read_moods(labels)
    except LabelMapError as error:
        raise ConfigError(f"--labels: {error}") from error


def choosing_split(data: DataSettings, validation_csv: object) -> str:
    """Returns the split that epoch, settings and temperature are chosen on.

    Where it is ``EVAL``, the same rows judge the model.

    Args:
      data: settings of the ingest.
      validation_csv: see ``RunInputs``.
    """
    return VALIDATION if validation_csv or data.validation_fraction else EVAL


def check_validation(data: DataSettings, validation_csv: object) -> None:
    """Raises ConfigError where both a CSV and a share of train are to be the validation split."""
    if validation_csv and data.validation_fraction:
        raise ConfigError(
            "The validation split must come either from --validation-csv or from train's clips. "
            f"Received: {validation_csv} and data.validation_fraction={data.validation_fraction}. "
            "Leave one out"
        )


def csvs_by_split(train: str, validation: str | None, evaluation: str | None) -> dict[str, str]:
    """Returns the CSVs by the split that their rows are of, in the order of the splits."""
    if evaluation is None:
        return {ALL: train}
    return {
        TRAIN: train,
        **({VALIDATION: validation} if validation else {}),
        EVAL: evaluation,
    }


@dataclass(frozen=True)
class RunInputs:
    """The data of a run and the folder that everything it makes lies under.

    Attributes:
      train_csv: cleaned CSV of the training split, or of everything if there is no other.
      eval_csv: cleaned CSV of the evaluation split; None splits ``train_csv`` by clip.
      image_root: folder that relative image paths start from; None is each CSV's own.
      moods: names in index order.
      output: folder for artifacts, metadata, logs and the pushed versions.
      predict_csv: rows without moods, which a pushed model is asked for; None asks for none.
      validation_csv: cleaned CSV of the validation split, beside both others; None where
        ``data.validation_fraction`` makes it, or where there is none.
    """

    train_csv: Path
    eval_csv: Path | None
    image_root: Path | None
    moods: tuple[str, ...]
    output: Path
    predict_csv: Path | None = None
    validation_csv: Path | None = None

    @property
    def metadata(self) -> Path:
        """SQLite file of ML Metadata, where that is its store."""
        return self.output / "metadata.sqlite"

    @property
    def metadata_claim(self) -> Path:
        """Says which server has the metadata, and under which name of the pipeline."""
        return self.output / "metadata.json"

    @property
    def artifacts(self) -> Path:
        """TFX's pipeline root."""
        return self.output / "pipeline"

    @property
    def serving(self) -> Path:
        """Folder that TensorFlow Serving polls: one sub-folder a version."""
        return self.output / "serving" / "pet_mood"


@dataclass(frozen=True)
class ClusterInputs:
    """The same for a run on a cluster, whose nodes share nothing but object storage.

    Attributes:
      data_root: folder that the names of the CSVs start from, such as gs://bucket/data; a run may
        be given another. Relative image paths start from each CSV's own folder.
      train_csv, eval_csv: names below it; None as in ``RunInputs``. ``{SPAN}`` in any of them is
        the newest number (``pipeline.container.spans``).
      data_version: changes when CSVs or photos do, or what was made of them is reused; a run may
        be given another.
      moods: names in index order.
      root: folder that every node's outputs lie under.
      serving: folder that TensorFlow Serving polls; its last folder is the model's name.
      predict_csv, validation_csv: names below ``data_root``; None as in ``RunInputs``.
    """

    data_root: str
    train_csv: str
    eval_csv: str | None
    data_version: str
    moods: tuple[str, ...]
    root: str
    serving: str
    predict_csv: str | None = None
    validation_csv: str | None = None

    @property
    def has_spans(self) -> bool:
        """Whether a CSV is the newest of several."""
        names = (self.train_csv, self.eval_csv, self.validation_csv, self.predict_csv)
        return any(SPAN in name for name in names if name)
