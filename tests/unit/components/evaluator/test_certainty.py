"""Risk against coverage, unsure answers and class-wise calibration, computed by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from components.evaluator import measures, predictions_table
from components.evaluator.certainty import FittedCalibration
from components.evaluator.confusion_counts import ConfusionCounts
from components.evaluator.settings import EvaluateSettings
from schemas.errors import ConfigError
from testing.models.prediction_tables import TWELVE, Row, clips_of, confusion_counts_of


def measured(folder: Path, rows: Any, fitted: FittedCalibration) -> dict[str, Any]:
    confusion_counts_of(folder, rows)
    table = predictions_table.Table(str(folder / "predictions.parquet"))
    counts = ConfusionCounts(table, fitted.unsure_below)
    document = measures.measure(counts, EvaluateSettings(), fitted)
    return json.loads(json.dumps(document, allow_nan=False))


@pytest.fixture(scope="module")
def twelve(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return measured(
        tmp_path_factory.mktemp("twelve"), TWELVE, FittedCalibration(1.25, 0.6, "validation")
    )


def test_the_curve_goes_from_the_surest_answers_to_all(twelve: dict[str, Any]) -> None:
    # At 0.9: 3 of 4 right. At 0.7: 2 of 3 (b-b, a-a right, c-a wrong). At 0.5: 2 of 5.
    points = twelve["risk_coverage"]
    assert [point["coverage"] for point in points] == pytest.approx([4 / 12, 7 / 12, 1])
    assert [point["risk"] for point in points] == pytest.approx([1 / 4, 2 / 7, 5 / 12])
    for point, certainty in zip(points, (0.9, 0.7, 0.5), strict=True):
        assert certainty - 0.0026 < point["threshold"] <= certainty + 1e-7


def test_the_answers_below_the_threshold_are_unsure(twelve: dict[str, Any]) -> None:
    unsure = twelve["unsure"]
    assert unsure["threshold"] == pytest.approx(0.6)
    assert unsure["share"] == pytest.approx(5 / 12)
    assert unsure["accuracy"] == pytest.approx(5 / 7)
    assert unsure["unsure_accuracy"] == pytest.approx(2 / 5)
    # Unsure are 1 of 4 rows of the first clip, 2 of 4 of the second and of the third: drawing one
    # clip three times gives the ends.
    assert unsure["intervals"]["share"] == pytest.approx([1 / 4, 1 / 2])
    # Of the sure rows 3 of 3, 1 of 2 and 1 of 2 are right.
    assert unsure["intervals"]["accuracy"] == pytest.approx([1 / 2, 1])


def test_the_calibration_of_each_mood(twelve: dict[str, Any]) -> None:
    calibration = twelve["calibration"]
    assert (calibration["temperature"], calibration["fitted_on"]) == (1.25, "validation")
    mood = calibration["per_mood"]["c"]
    # Predicted as c: 0.5 twice (one right). As another at 0.9: 0.05 (4 rows), at 0.7: 0.15 (3,
    # one of them a c), at 0.5: 0.25 (3).
    assert mood["share"] == pytest.approx(2 / 12)
    assert mood["mean_probability"] == pytest.approx(
        (2 * 0.5 + 4 * 0.05 + 3 * 0.15 + 3 * 0.25) / 12
    )
    gaps = abs(1 - 2 * 0.5) + abs(0 - 4 * 0.05) + abs(1 - 3 * 0.15) + abs(0 - 3 * 0.25)
    assert mood["ece"] == pytest.approx(gaps / 12)


def test_without_a_threshold_no_answer_is_unsure(tmp_path: Path) -> None:
    unsure = measured(tmp_path, TWELVE, FittedCalibration())["unsure"]
    assert (unsure["threshold"], unsure["share"], unsure["unsure_accuracy"]) == (0, 0, None)
    assert unsure["accuracy"] == pytest.approx(7 / 12)
    # None of three clips is unsure: the exact interval of Clopper and Pearson.
    assert unsure["intervals"]["share"] == pytest.approx([0, 1 - 0.025 ** (1 / 3)])
    assert unsure["intervals"]["unsure_accuracy"] is None


def test_above_each_probability_all_are_unsure(tmp_path: Path) -> None:
    unsure = measured(tmp_path, TWELVE, FittedCalibration(1, 2.0))["unsure"]
    assert (unsure["share"], unsure["accuracy"]) == (1, None)


def test_a_row_with_nan_is_wrong_and_unsure_and_never_covered(tmp_path: Path) -> None:
    rows = [*clips_of("a", 2, 4, "b", 0.8), Row("n", "a", "a", float("nan"))]
    found = measured(tmp_path, rows, FittedCalibration())
    assert found["unsure"]["share"] == pytest.approx(1 / 9)
    assert found["unsure"]["unsure_accuracy"] == 0
    assert found["risk_coverage"][-1]["coverage"] == pytest.approx(8 / 9)


def test_certainties_near_1_are_told_apart(tmp_path: Path) -> None:
    # The surest of 200 rows are right, and all are above 0.999.
    rows = [
        Row(f"k{row}", "a", "a" if row < 100 else "b", 1 - 1e-6 * (row + 1)) for row in range(200)
    ]
    points = measured(tmp_path, rows, FittedCalibration())["risk_coverage"]
    half = next(point for point in points if point["coverage"] >= 0.49)
    assert half["risk"] == pytest.approx(0, abs=0.03)
    assert points[-1] == {
        "coverage": 1.0,
        "risk": 0.5,
        "threshold": pytest.approx(0.9998, abs=1e-5),
    }
    assert len(points) > 30


def test_only_one_way_chooses_the_threshold() -> None:
    with pytest.raises(ConfigError, match=r"Received: 0\.9 and 0\.8\. Set evaluate\.coverage=0"):
        EvaluateSettings(target_accuracy=0.9)
    chosen = EvaluateSettings(target_accuracy="0.9", coverage="0")
    assert EvaluateSettings.from_json(chosen.to_json()) == chosen
    assert EvaluateSettings(coverage=0).coverage == 0


@pytest.mark.parametrize(
    ("value", "read"),
    [(True, "true"), (False, "false"), ("True", "true"), ("0", "false"), ("auto", "auto")],
)
def test_what_was_a_truth_value_is_still_read(value: object, read: str) -> None:
    assert EvaluateSettings(calibrate=value).calibrate == read


def test_another_word_is_refused() -> None:
    with pytest.raises(ConfigError, match="must be one of auto, true, false"):
        EvaluateSettings(calibrate="maybe")
