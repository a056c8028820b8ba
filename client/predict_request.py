"""What ``inference.py`` was asked for. Nothing heavy is imported."""

from dataclasses import dataclass
from pathlib import Path

from client.backends.model_source import ModelFlags
from client.predict.predictor import BATCH
from dataset.boxes import BoxError, parse_box
from schemas.errors import ConfigError


@dataclass(frozen=True)
class PredictRequest(ModelFlags):
    """The flags of ``inference.py``, those of ``ModelFlags`` among them.

    Attributes:
      pictures: files and folders, at least one unless there is a ``csv``.
      batch: pictures a batch, at least 1.
      box: "y,x,height,width" in pixels of every upright picture that has none of its own; None
        is the whole picture.
      json: whether a terminal gets JSON lines, too.
      csv: a CSV that names the pictures, see ``client.predict.prediction_inputs``.
      out: the file to write, see ``client.batch``; None is the standard output.
    """

    pictures: tuple[str, ...] = ()
    batch: int = BATCH
    box: str | None = None
    json: bool = False
    csv: Path | None = None
    out: Path | None = None

    def check(self) -> None:
        """Raises ConfigError for values that make no sense, or that do not go together."""
        if self.batch < 1:
            raise ConfigError(f"--batch must be at least 1. Received: {self.batch}")
        if self.box is not None:
            try:
                parse_box(self.box)
            except BoxError as error:
                raise ConfigError(
                    f"--box: {error}. Give it in pixels of the upright picture"
                ) from error
        if self.csv is not None and (self.pictures or self.out is None):
            raise ConfigError(
                "--csv stands in place of PICTUREs and needs --out FILE. Received: "
                f"{len(self.pictures)} PICTUREs, --out {self.out}"
            )
