"""The BoxValidator's limits on the box columns, on hand-made statistics."""

from collections.abc import Mapping

import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.box_validator import box_checks
from components.box_validator.settings import ValidationLimits
from components.findings import ERROR, WARNING
from schemas import features
from schemas.splits import EVAL

LIMITS = ValidationLimits(min_area=0.01, max_aspect=4.0)
GOOD = {
    features.BOX_TOP: (0.0, 0.5),
    features.BOX_LEFT: (0.0, 0.5),
    features.BOX_BOTTOM: (0.5, 1.0),
    features.BOX_RIGHT: (0.5, 1.0),
    features.BOX_AREA: (0.01, 1.0),
    features.BOX_ASPECT: (0.25, 4.0),
}


def findings_of(columns: Mapping[str, tuple[float, float]]) -> list[tuple[str, str]]:
    """Returns the severity and message of each finding.

    Args:
      columns: smallest and largest value by column.
    """
    statistics = statistics_pb2.DatasetFeatureStatistics(num_examples=8)
    for name, (low, high) in columns.items():
        feature = statistics.features.add()
        feature.path.step.append(name)
        feature.num_stats.min, feature.num_stats.max = low, high
    return [
        (finding.severity, finding.message)
        for finding in box_checks.box_anomalies(EVAL, statistics, LIMITS)
    ]


def test_values_at_the_limits_are_no_findings() -> None:
    assert findings_of(GOOD) == []


@pytest.mark.parametrize("values", [(-0.01, 0.5), (0.0, 1.01), (float("nan"), float("nan"))])
def test_a_ratio_outside_0_and_1_is_an_error(values: tuple[float, float]) -> None:
    bad = findings_of(GOOD | {features.BOX_LEFT: values})
    assert bad == [(ERROR, f"{features.BOX_LEFT}: {features.BOX_LEFT} must lie in [0, 1]")]


def test_a_tiny_box_is_a_warning() -> None:
    bad = findings_of(GOOD | {features.BOX_AREA: (0.009, 1.0)})
    text = f"{features.BOX_AREA}: some boxes cover less than 1.00% of their photo"
    assert bad == [(WARNING, text)]


@pytest.mark.parametrize("values", [(0.24, 1.0), (1.0, 4.1)])
def test_a_long_box_is_a_warning(values: tuple[float, float]) -> None:
    bad = findings_of(GOOD | {features.BOX_ASPECT: values})
    text = f"{features.BOX_ASPECT}: some boxes are over 4 times as long as wide"
    assert bad == [(WARNING, text)]


def test_a_missing_column_is_left_to_the_schema() -> None:
    assert findings_of({features.BOX_TOP: (0.0, 0.5)}) == []
