"""The artifact types under the module that their names begin with.

TFX's containers on Kubeflow import an artifact's class by its type's name, of which the compiler
allows one dot only.
"""

from components.artifact_types import (
    Frames,
    LeakReport,
    ModelExports,
    Predictions,
    Rejects,
    ValidationReport,
)

__all__ = ["Frames", "LeakReport", "ModelExports", "Predictions", "Rejects", "ValidationReport"]
