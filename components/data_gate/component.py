"""DataGate: stops the run where the BoxValidator refused the data.

It is a node of its own so that the report outlives the refusal: TFX deletes the outputs of
the node that raises, and this one has none.
"""

import json
import posixpath

from tfx.dsl.component.experimental.annotations import InputArtifact
from tfx.dsl.component.experimental.decorators import component

from components.artifact_types import ValidationReport
from components.storage import open_file
from schemas import artifacts
from schemas.errors import DataRefusedError


@component
def DataGate(report: InputArtifact[ValidationReport]) -> None:
    """Does nothing on a good verdict.

    Raises:
      DataRefusedError: the verdict is another; the message has every error of the report.
    """
    path = posixpath.join(report.uri, artifacts.VALIDATION_JSON)
    with open_file(path, "r") as file:
        validation = json.loads(file.read())
    if validation["verdict"] == artifacts.VERDICT_OK:
        return
    errors = [
        f"{finding['split']}: {finding['message']}"
        for finding in validation["findings"]
        if finding["severity"] == "error"
    ]
    raise DataRefusedError("\n".join([*errors, f"The whole report: {path}"]))
