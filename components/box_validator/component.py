"""BoxValidator: one verdict from refused rows, box statistics and schema anomalies.

It never raises because of bad data: TFX deletes the outputs of a node that raises, and its report
is needed most when the data is bad. The DataGate raises.
"""

import json
import posixpath
from collections.abc import Iterator, Mapping

from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2
from tfx.components.statistics_gen import stats_artifact_utils
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import artifact_utils, standard_artifacts

from components.artifact_types import Rejects, ValidationReport
from components.box_validator import box_checks
from components.box_validator.settings import ValidationLimits
from components.findings import Finding, verdict_of
from components.ingest_output import read_ingest
from schemas import artifacts
from schemas.documents.ingest import SplitCounts
from system.storage import open_file

_ANOMALIES_FILE = "SchemaDiff.pb"


@component
def BoxValidator(
    rejects: InputArtifact[Rejects],
    statistics: InputArtifact[standard_artifacts.ExampleStatistics],
    anomalies: InputArtifact[standard_artifacts.ExampleAnomalies],
    report: OutputArtifact[ValidationReport],
    max_reject_fraction: Parameter[float],
    limits_json: Parameter[str],
    code: Parameter[str],
) -> None:
    """Checks the data and writes ``schemas.artifacts.VALIDATION_JSON``.

    Args:
      rejects: PetExampleGen's counts.
      statistics: StatisticsGen's output, with the box columns.
      anomalies: ExampleValidator's output.
      report: the findings and the verdict.
      max_reject_fraction: share of refused rows that is still accepted, [0, 1].
      limits_json: ``ValidationLimits`` as JSON.
      code: version of our code; used in the cache key alone.
    """
    del code
    limits = ValidationLimits.from_json(limits_json)
    ingest = read_ingest(rejects.uri)
    findings = list(
        _findings(
            ingest["splits"],
            _statistics(statistics),
            _anomalies(anomalies),
            max_reject_fraction,
            limits,
        )
    )
    with open_file(posixpath.join(report.uri, artifacts.VALIDATION_JSON), "w") as file:
        file.write(json.dumps(verdict_of(findings), ensure_ascii=False, indent=1))


def _findings(
    counts: Mapping[str, SplitCounts],
    statistics: Mapping[str, statistics_pb2.DatasetFeatureStatisticsList],
    anomalies: Mapping[str, anomalies_pb2.Anomalies],
    max_reject_fraction: float,
    limits: ValidationLimits,
) -> Iterator[Finding]:
    """Yields the findings on each split, then those on its differences from the first split."""
    for split, split_counts in counts.items():
        yield from box_checks.refused_share(split, split_counts, max_reject_fraction)
        yield from box_checks.missing_moods(split, split_counts)
        if split_counts["used"]:
            yield from box_checks.schema_anomalies(split, anomalies[split])
            yield from box_checks.box_anomalies(split, statistics[split].datasets[0], limits)

    first, *others = counts
    for split in others:
        yield from box_checks.label_shift(counts[first], split, counts[split], limits)
        if counts[first]["used"] and counts[split]["used"]:
            yield from box_checks.box_shift(
                statistics[first].datasets[0], split, statistics[split].datasets[0], limits
            )


def _statistics(
    artifact: standard_artifacts.ExampleStatistics,
) -> dict[str, statistics_pb2.DatasetFeatureStatisticsList]:
    return {
        split: stats_artifact_utils.load_statistics(artifact, split).proto()
        for split in artifact_utils.decode_split_names(artifact.split_names)
    }


def _anomalies(
    artifact: standard_artifacts.ExampleAnomalies,
) -> dict[str, anomalies_pb2.Anomalies]:
    anomalies = {}
    for split in artifact_utils.decode_split_names(artifact.split_names):
        path = posixpath.join(artifact_utils.get_split_uri([artifact], split), _ANOMALIES_FILE)
        with open_file(path, "rb") as file:
            anomalies[split] = anomalies_pb2.Anomalies.FromString(file.read())
    return anomalies
