"""DataGate: stops the run where the BoxValidator or the LeakCheck refused the data.

It is a separate node so that the reports are kept: TFX deletes the outputs of the node that
raises, and this one has none.
"""

import json
import posixpath

from tfx.dsl.component.experimental.annotations import InputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component

from components.artifact_types import LeakReport, ValidationReport
from components.findings import ERROR
from schemas import artifacts
from schemas.documents.validation import Validation
from schemas.errors import DataRefusedError
from system.storage import open_file


@component
def DataGate(
    validation: InputArtifact[ValidationReport],
    leaks: InputArtifact[LeakReport],
    code: Parameter[str],
) -> None:
    """Raises unless both verdicts are "ok".

    Args:
      validation: the BoxValidator's report.
      leaks: the LeakCheck's report.
      code: version of our code; used in the cache key alone.

    Raises:
      DataRefusedError: a verdict is "refused"; the message has every error of its report.
    """
    del code
    lines = []
    for report, name in ((validation, artifacts.VALIDATION_JSON), (leaks, artifacts.LEAKS_JSON)):
        path = posixpath.join(report.uri, name)
        with open_file(path, "r") as file:
            document: Validation = json.loads(file.read())
        if document["verdict"] == artifacts.VERDICT_OK:
            continue
        lines += [
            f"{finding['split']}: {finding['message']}"
            for finding in document["findings"]
            if finding["severity"] == ERROR
        ]
        lines.append(f"The whole report: {path}")
    if lines:
        raise DataRefusedError("\n".join(lines))
