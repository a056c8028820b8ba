"""Our own artifact types.

They declare no ``PROPERTIES``: TFX compiles custom types for Kubeflow only with custom
properties.
"""

from tfx.types import artifact

from schemas import artifacts


class Rejects(artifact.Artifact):
    """Refused rows and the counts of the ingest: ``REJECTS_CSV`` and ``INGEST_JSON``."""

    TYPE_NAME = artifacts.REJECTS_TYPE


class Frames(artifact.Artifact):
    """Metadata of every used frame, without pixels: the columns of ``schemas.frame_columns``.

    The folder of each split holds one Parquet file for each shard, such as
    ``00000-of-00003.parquet``.
    """

    TYPE_NAME = artifacts.FRAMES_TYPE


class ValidationReport(artifact.Artifact):
    """Findings of the BoxValidator: ``VALIDATION_JSON``."""

    TYPE_NAME = artifacts.REPORT_TYPE


class LeakReport(artifact.Artifact):
    """Findings of the LeakCheck: ``LEAKS_JSON`` and ``LEAKS_CSV``."""

    TYPE_NAME = artifacts.LEAK_REPORT_TYPE


class Predictions(artifact.Artifact):
    """Predictions of the eval split, one row for each Example: ``PREDICTIONS_PARQUET``."""

    TYPE_NAME = artifacts.PREDICTIONS_TYPE


class ModelExports(artifact.Artifact):
    """What became of a pushed model's exports: ``schemas.exports.EXPORTS_JSON``."""

    TYPE_NAME = artifacts.EXPORTS_TYPE
