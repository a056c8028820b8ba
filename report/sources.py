"""What a report is made of: the documents and files that a run has left."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Sources:
    """Everything may be None that a run has not come to.

    Attributes:
      record: ``run.json``'s document.
      ingest, validation, leaks, tuner, metrics, servable: documents of ``schemas.artifacts``.
      rejects_csv: path of the refused rows.
      frames: folder of the frames tables, one sub-folder a split.
      examples: folder of the Examples, one sub-folder a split.
      model_run: folder with the curves and the checkpoint.
      predictions: path of the table of predictions.
      image_root: folder that the CSVs' relative paths start from; None is each CSV's own.
    """

    record: Mapping[str, Any]
    ingest: Mapping[str, Any] | None = None
    validation: Mapping[str, Any] | None = None
    leaks: Mapping[str, Any] | None = None
    tuner: Mapping[str, Any] | None = None
    metrics: Mapping[str, Any] | None = None
    servable: Mapping[str, Any] | None = None
    rejects_csv: Path | None = None
    frames: Path | None = None
    examples: Path | None = None
    model_run: Path | None = None
    predictions: Path | None = None
    image_root: Path | None = None
