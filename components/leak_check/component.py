"""LeakCheck: one verdict from the leaks between train, validation and eval.

Like the BoxValidator, it never raises because of bad data: the DataGate raises, so that the report
is kept.
"""

import itertools
import json
import posixpath

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component

from components.artifact_types import Frames, LeakReport
from components.findings import verdict_of
from components.leak_check import leak_checks, leak_search
from components.leak_check.frames_table import SplitFrames
from components.leak_check.settings import LeakLimits
from schemas import artifacts
from schemas.documents.leaks import Leaks
from schemas.splits import EVAL, TRAIN, VALIDATION
from system.csv_files import CsvWriter
from system.storage import open_file


@component
def LeakCheck(
    frames: InputArtifact[Frames],
    report: OutputArtifact[LeakReport],
    limits_json: Parameter[str],
    code: Parameter[str],
) -> None:
    """Compares each split with the others and writes ``LEAKS_JSON`` and ``LEAKS_CSV``.

    Args:
      frames: PetExampleGen's output, of all splits.
      report: the findings, the verdict and the pairs.
      limits_json: ``LeakLimits`` as JSON.
      code: version of our code; used in the cache key alone.
    """
    del code
    limits = LeakLimits.from_json(limits_json)
    splits = [SplitFrames(frames.uri, TRAIN), SplitFrames(frames.uri, EVAL)]
    validation = SplitFrames(frames.uri, VALIDATION)
    if validation.exists:
        splits.insert(1, validation)
    pairs = [
        leak_search.find_leaks(first, second, limits)
        for first, second in itertools.combinations(splits, 2)
    ]
    document: Leaks = {
        **verdict_of([found for leaks in pairs for found in leak_checks.findings(leaks, limits)]),
        "leaks": {
            "clips": sum(leaks.clips for leaks in pairs),
            "groups": sum(leaks.groups for leaks in pairs),
            "pictures": sum(leaks.pictures for leaks in pairs),
        },
        "examples": [
            row
            for kind in (leak_search.CLIP, leak_search.GROUP, leak_search.PICTURE)
            for leaks in pairs
            for row in leak_checks.examples(leaks.listed, kind)
        ],
    }
    with open_file(posixpath.join(report.uri, artifacts.LEAKS_JSON), "w") as file:
        file.write(json.dumps(document, ensure_ascii=False, indent=1))
    with open_file(posixpath.join(report.uri, artifacts.LEAKS_CSV), "w") as file:
        writer = CsvWriter(file)
        writer.write(artifacts.LEAK_COLUMNS)
        for leaks in pairs:
            for example in leaks.listed:
                cells: dict[str, object] = {**example}
                writer.write([cells[column] for column in artifacts.LEAK_COLUMNS])
