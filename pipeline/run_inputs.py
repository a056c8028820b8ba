"""What a run works on, as opposed to how it works (``pipeline.config``)."""

from dataclasses import dataclass
from pathlib import Path

from schemas.errors import ConfigError
from schemas.labels import DEFAULT_MOODS, LabelMapError, read_moods


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
    """

    train_csv: Path
    eval_csv: Path | None
    image_root: Path | None
    moods: tuple[str, ...]
    output: Path
    predict_csv: Path | None = None

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
      data_root: folder of the CSVs and of what their relative image paths start from, such as
        gs://bucket/data; a run may be given another.
      train_csv, eval_csv: names below it; None as in ``RunInputs``.
      data_version: changes when CSVs or photos do, or what was made of them is reused; a run may
        be given another.
      moods: names in index order.
      root: folder that every node's outputs lie under.
      serving: folder that TensorFlow Serving polls; its last folder is the model's name.
      predict_csv: a name below ``data_root``; None as in ``RunInputs``.
    """

    data_root: str
    train_csv: str
    eval_csv: str | None
    data_version: str
    moods: tuple[str, ...]
    root: str
    serving: str
    predict_csv: str | None = None
