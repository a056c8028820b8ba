"""Values of the flags of ``inference.py``. Nothing heavy is imported."""

from dataclasses import dataclass
from pathlib import Path

from client.backends.model_source import ModelFlags
from client.predict.predict_batches import BATCH_SIZE
from dataset.boxes import BoxError, parse_box
from schemas.errors import ConfigError


@dataclass(frozen=True)
class PredictRequest(ModelFlags):
    """The flags of ``inference.py``, including those of ``ModelFlags``.

    Attributes:
      pictures: files and folders, at least one unless there is a ``csv``.
      batch: pictures in a batch, at least 1.
      box: "y,x,height,width" in pixels of the upright picture, for every picture without a box
        in the CSV; None is the whole picture.
      json: whether to print lines of JSON even on a terminal.
      csv: a CSV that lists the pictures, see ``client.predict.prediction_inputs``.
      out: the file to write, see ``client.batch``; None is the standard output.
    """

    pictures: tuple[str, ...] = ()
    batch: int = BATCH_SIZE
    box: str | None = None
    json: bool = False
    csv: Path | None = None
    out: Path | None = None

    def check(self) -> None:
        """Raises ConfigError for invalid values, and for flags that exclude each other."""
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
                "--csv replaces the PICTURE arguments and needs --out FILE. Received: "
                f"{len(self.pictures)} PICTURE arguments, --out {self.out}"
            )
