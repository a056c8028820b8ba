"""Risk against coverage, worked out by hand."""

import pytest

from report.charts import scores
from report.risk_coverage import Point, curve
from testing.report import score_documents


def test_the_evaluator_s_curve_is_read_by_rising_threshold() -> None:
    metrics = score_documents.metrics()
    metrics["risk_coverage"] = [
        {"threshold": 0.5, "coverage": 0.5, "risk": 0.1},
        {"threshold": 0.0, "coverage": 1.0, "risk": 0.4},
    ]
    assert curve(metrics) == [Point(0.0, 1.0, 0.4), Point(0.5, 0.5, 0.1)]
    metrics["risk_coverage"] = []
    assert curve(metrics) == []


def test_points_lie_on_the_chart() -> None:
    chart, places = scores.risk_coverage([Point(0, 1, 0.4), Point(0.5, 0.5, 0.1)])
    (x0, y0), (x1, y1) = places
    # 0.4 and 0.1 of an axis up to 0.46, and 1 and 0.5 of one up to 1.02: SVG counts downwards.
    assert x0 > x1 and y0 < y1
    assert (x0 - x1) / 0.5 == pytest.approx((72 * 4.6 - 72 * (0.86 + 0.24)) / 1.02, rel=0.01)
    assert f'id="risk-coverage-{scores.MARKER}"' in chart.svg
