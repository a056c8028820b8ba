"""Risk against coverage, worked out by hand."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from report.charts import scores
from report.risk_coverage import Point, curve


def write(path: Path, rows: list[tuple[float, int, bool]]) -> Path:
    """Writes rows of (probability of mood 0, true mood, whether it is scored)."""
    columns = {
        "judged": [scored for _, _, scored in rows],
        "label_index": [label for _, label, _ in rows],
        "probabilities": [[value, 1 - value] for value, _, _ in rows],
    }
    pq.write_table(pa.table(columns), path)
    return path


def test_the_curve_of_a_table_of_predictions(tmp_path: Path) -> None:
    rows = [(0.9, 0, True), (0.8, 0, True), (0.7, 1, True), (0.6, 0, True), (0.99, 1, False)]
    rows.append((float("nan"), 0, True))  # Has no answer at any threshold.
    points = curve({}, write(tmp_path / "p.parquet", rows))
    # The first point answers all that it can. From 0.605 on three rows of five are answered, one
    # of them wrongly.
    assert [point.threshold for point in points] == pytest.approx([0.0, 0.605, 0.705, 0.805])
    assert [point.coverage for point in points] == pytest.approx([0.8, 0.6, 0.4, 0.2])
    assert [point.risk for point in points] == pytest.approx([0.25, 1 / 3, 0, 0])


def test_the_evaluator_s_own_curve_is_taken_where_it_is_there(tmp_path: Path) -> None:
    given = [
        {"threshold": 0.5, "coverage": 0.5, "risk": 0.1},
        {"threshold": 0.0, "coverage": 1.0, "risk": 0.4},
    ]
    assert curve({"risk_coverage": given}, tmp_path / "gone.parquet") == [
        Point(0.0, 1.0, 0.4),
        Point(0.5, 0.5, 0.1),
    ]


def test_without_predictions_there_is_no_curve() -> None:
    assert curve({}, None) == []


def test_points_lie_on_the_chart() -> None:
    chart, places = scores.risk_coverage([Point(0, 1, 0.4), Point(0.5, 0.5, 0.1)])
    (x0, y0), (x1, y1) = places
    # 0.4 and 0.1 of an axis up to 0.46, and 1 and 0.5 of one up to 1.02: SVG counts downwards.
    assert x0 > x1 and y0 < y1
    assert (x0 - x1) / 0.5 == pytest.approx((72 * 4.6 - 72 * (0.86 + 0.24)) / 1.02, rel=0.01)
    assert f'id="risk-coverage-{scores.MARKER}"' in chart.svg
