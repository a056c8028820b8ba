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
    """What is known of every used frame: the columns of ``schemas.frame_columns``.

    ``Split-<name>/`` holds a Parquet file a shard, such as ``00000-of-00003.parquet``.
    """

    TYPE_NAME = artifacts.FRAMES_TYPE


class ValidationReport(artifact.Artifact):
    """What the BoxValidator found: ``VALIDATION_JSON``."""

    TYPE_NAME = artifacts.REPORT_TYPE


class LeakReport(artifact.Artifact):
    """What the LeakCheck found: ``LEAKS_JSON`` and ``LEAKS_CSV``."""

    TYPE_NAME = artifacts.LEAK_REPORT_TYPE


class Predictions(artifact.Artifact):
    """A model's answers on the eval split, one row an Example: ``PREDICTIONS_PARQUET``."""

    TYPE_NAME = artifacts.PREDICTIONS_TYPE
