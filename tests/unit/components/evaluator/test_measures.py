"""The measures of twelve rows of three clips, computed by hand."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from components.evaluator import calibration, measures, predictions_table
from components.evaluator.confusion_counts import ConfusionCounts
from components.evaluator.settings import EvaluateSettings
from testing.models.prediction_tables import (
    MOODS,
    TWELVE,
    clips_of,
    confusion_counts_of,
    probabilities_of,
    row_columns_of,
)

SETTINGS = EvaluateSettings()


@pytest.fixture(scope="module")
def metrics(tmp_path_factory):
    counts = confusion_counts_of(tmp_path_factory.mktemp("twelve"), TWELVE)
    return json.loads(json.dumps(measures.measure(counts, SETTINGS), allow_nan=False))


def test_the_headline_of_twelve_rows(metrics):
    assert (metrics["rows"], metrics["clips"], metrics["moods"]) == (12, 3, list(MOODS))
    assert metrics["confusion"] == [[4, 1, 1], [2, 2, 0], [1, 0, 1]]
    model = metrics["model"]
    assert model["accuracy"] == pytest.approx(7 / 12)
    assert model["balanced_accuracy"] == pytest.approx((4 / 6 + 2 / 4 + 1 / 2) / 3)
    assert model["macro_f1"] == pytest.approx((8 / 13 + 4 / 7 + 1 / 2) / 3)
    majority = metrics["majority"]
    assert (majority["mood"], majority["ece"]) == ("a", None)
    assert majority["macro_f1"] == pytest.approx(12 / 18 / 3)


def test_the_scores_of_a_mood(metrics):
    mood = metrics["per_mood"]["a"]
    assert mood["support"] == 6
    assert [mood[name] for name in ("precision", "recall", "f1")] == [
        pytest.approx(value) for value in (4 / 7, 4 / 6, 8 / 13)
    ]


def test_the_calibration_error_of_twelve_rows(metrics):
    # 0.9: four predictions, three correct, |3 - 3.6|. 0.7: three, two correct, |2 - 2.1|.
    # 0.5: five, two correct, |2 - 2.5|. The mean over the rows: (0.6 + 0.1 + 0.5) / 12.
    assert metrics["model"]["ece"] == pytest.approx(0.1, abs=1e-6)
    bins = metrics["reliability"]
    assert [bin_["rows"] for bin_ in bins] == [5, 3, 4]
    assert [bin_["accuracy"] for bin_ in bins] == [pytest.approx(x) for x in (2 / 5, 2 / 3, 3 / 4)]
    assert [bin_["confidence"] for bin_ in bins] == [pytest.approx(x) for x in (0.5, 0.7, 0.9)]
    assert (bins[0]["low"], bins[0]["high"]) == (7 / 15, 8 / 15)


def test_a_clips_prediction_is_that_of_the_mean_probability_of_its_frames(metrics):
    # A: a has (3 x 0.9 + 0.25) / 4 = 0.7375. B: a has 1.8 / 4 against b's 1.5 / 4, wrong
    # although two of four frames say b. C: a has 1.9 / 4, and is its mood, being as common as c.
    clips = metrics["per_clip"]["model"]
    assert clips["confusion"] == [[2, 0, 0], [1, 0, 0], [0, 0, 0]]
    assert clips["accuracy"] == pytest.approx(2 / 3)
    assert clips["balanced_accuracy"] == pytest.approx(1 / 2)
    # a: 4 / (2 + 3); b: 0.
    assert clips["macro_f1"] == pytest.approx((4 / 5 + 0) / 2)
    assert clips["ece"] == pytest.approx((1 - 0.7375 + 0.45 + 1 - 0.475) / 3, abs=1e-6)
    assert metrics["per_clip"]["majority"]["accuracy"] == pytest.approx(2 / 3)


def test_the_intervals_are_those_of_the_27_draws_of_three_clips(metrics):
    # The clips' accuracies are 3/4, 1/2 and 1/2. A draw is of A alone with 1/27, which is more
    # than 2.5 %, and without A with 8/27.
    intervals = metrics["model"]["intervals"]
    assert intervals["accuracy"] == [pytest.approx(1 / 2), pytest.approx(3 / 4)]
    # The lowest macro-F1 is that of B, B and C (3/27): a 2 / (2 + 6), b 8 / (8 + 4),
    # c 2 / (2 + 2). The highest is that of A, A and A: only a has rows, 18 / (12 + 9).
    lowest = (1 / 4 + 2 / 3 + 1 / 2) / 3
    assert intervals["macro_f1"] == [pytest.approx(lowest), pytest.approx(6 / 7)]
    assert metrics["resampling"] == {
        "of": "clips",
        "units": 3,
        "level": 0.95,
        "draws": 2000,
    }


def test_slices_hold_the_rows_that_they_name(metrics):
    slices = metrics["slices"]
    assert {name for name in slices if not name.startswith(("box", "bright"))} == {
        *("label=a", "label=b", "label=c", "species=CAT", "species=DOG"),
        *("action=arch", "action=bodylower"),
    }
    dogs = slices["species=DOG"]
    assert (dogs["rows"], dogs["clips"], dogs["accuracy"]) == (4, 1, 0.5)
    assert dogs["intervals"] is None
    assert slices["label=a"]["rows"] == 6
    # Lines 0 and 10 of row_columns_of have an area of 0.01.
    assert slices["box_size=<0.05"]["rows"] == 2
    for column in ("label", "box_size", "brightness_band"):
        assert (
            sum(scores["rows"] for name, scores in slices.items() if name.startswith(column)) == 12
        )


def test_other_models_are_scored_on_the_same_rows(tmp_path):
    perfect = [row._replace(predicted=row.mood) for row in TWELVE]
    counts = confusion_counts_of(
        tmp_path, TWELVE, {predictions_table.BASELINE: perfect, predictions_table.COMPARED: TWELVE}
    )
    metrics = measures.measure(counts, SETTINGS)
    assert metrics["baseline"]["macro_f1"] == 1
    assert metrics["baseline"]["per_mood"]["b"]["recall"] == 1
    assert metrics["compared"]["macro_f1"] == metrics["model"]["macro_f1"]
    assert metrics["slices"]["species=DOG"]["baseline"]["accuracy"] == 1
    assert metrics["per_clip"]["baseline"]["accuracy"] == 1
    assert metrics["gain"]["compared"] == {"macro_f1": 0, "interval": [0, 0], "rows": 12}
    assert metrics["gain"]["baseline"]["interval"][1] < 0


def test_the_table_can_be_read_by_other_tools(tmp_path):
    confusion_counts_of(tmp_path, TWELVE)
    table = pq.read_table(tmp_path / "predictions.parquet")
    assert json.loads(table.schema.metadata[b"moods"]) == list(MOODS)
    row = table.slice(4, 1).to_pylist()[0]
    assert row["probabilities"] == [pytest.approx(p) for p in (0.15, 0.7, 0.15)]
    assert (row["predicted"], row["majority_predicted"], row["label"]) == ("b", "a", "b")
    assert (row["clip"], row["action"], row["species"]) == (TWELVE[4].clip, "bodylower", "DOG")


def test_a_table_read_in_pieces_counts_the_same(tmp_path, monkeypatch):
    rows = clips_of("a", 9, 3, "b") + clips_of("b", 7, 2, "c") + clips_of("c", 5, 1, "a")
    whole = measures.measure(confusion_counts_of(tmp_path, rows), SETTINGS)
    monkeypatch.setattr(predictions_table, "ROW_GROUP", 5)
    monkeypatch.setattr("components.evaluator.predictor_counts._MAX_PENDING_CELLS", 3)
    path = str(tmp_path / "pieces.parquet")
    row_columns, probabilities = row_columns_of(rows), probabilities_of(rows)
    with predictions_table.Writer(path, MOODS, 0, [predictions_table.MODEL], len(rows)) as writer:
        for begin in range(0, len(rows), 3):
            part = slice(begin, begin + 3)
            writer.add(
                {name: column[part] for name, column in row_columns.items()},
                {predictions_table.MODEL: probabilities[part]},
            )
    assert pq.ParquetFile(path).num_row_groups > 10
    assert measures.measure(ConfusionCounts(predictions_table.Table(path)), SETTINGS) == whole


def test_a_row_that_comes_twice_is_an_error(tmp_path):
    row_columns = row_columns_of(TWELVE)
    probabilities = {predictions_table.MODEL: probabilities_of(TWELVE)}
    with (
        pytest.raises(predictions_table.RowError, match=r"must come once\. Received: line 2 twice"),
        predictions_table.Writer(
            str(tmp_path / "t"), MOODS, 0, [predictions_table.MODEL], 24
        ) as writer,
    ):
        writer.add(row_columns, probabilities)
        writer.add(row_columns, probabilities)


@pytest.mark.parametrize("expected", [11, 13])
def test_missing_and_surplus_rows_are_an_error(tmp_path, expected):
    with (
        pytest.raises(
            predictions_table.RowError, match=f"must have {expected} rows.* Received: 12$"
        ),
        predictions_table.Writer(
            str(tmp_path / "t"), MOODS, 0, [predictions_table.MODEL], expected
        ) as writer,
    ):
        writer.add(row_columns_of(TWELVE), {predictions_table.MODEL: probabilities_of(TWELVE)})


def test_a_row_without_a_prediction_is_wrong_and_has_no_mood(tmp_path):
    rows = [TWELVE[0]._replace(probability=float("nan")), *TWELVE[1:]]
    metrics = measures.measure(confusion_counts_of(tmp_path, rows), SETTINGS)
    assert metrics["model"]["unanswered"] == 1
    assert metrics["model"]["accuracy"] == pytest.approx(6 / 12)
    # The mean is over the three frames with a prediction: still (2 x 0.9 + 0.25) / 3.
    assert metrics["per_clip"]["model"]["confusion"][0][0] == 2
    table = pq.read_table(tmp_path / "predictions.parquet")
    assert table["predicted"].to_pylist()[:2] == [None, "a"]


def test_a_confidence_on_a_border_belongs_to_the_bin_below():
    edge = 9 / 15
    assert calibration.bin_of(np.array([0.0, 1 / 30, 0.5, edge + 1e-9, 1.0])).tolist() == [
        *(0, 0, 7, 9, 14)
    ]
    assert calibration.bin_of(np.array([0.2])).tolist() == [2]


def test_rows_of_one_mood_have_no_mean_over_moods(metrics):
    slice_of_a = metrics["slices"]["label=a"]
    assert slice_of_a["accuracy"] == pytest.approx(4 / 6)
    assert slice_of_a["macro_f1"] is slice_of_a["balanced_accuracy"] is None
    assert slice_of_a["intervals"]["macro_f1"] is None
    assert slice_of_a["intervals"]["accuracy"] is not None
    # The dogs' rows are all of b, the cats' of a alone.
    assert metrics["slices"]["species=DOG"]["macro_f1"] is None
    assert metrics["slices"]["box_size=<0.05"]["macro_f1"] is not None


def test_another_model_is_scored_on_clips_that_it_was_not_trained_on(tmp_path):
    # It knows the clip C by heart, and no other: there it is right, elsewhere as the new model.
    before = [row._replace(predicted=row.mood) if row.clip == "C" else row for row in TWELVE]
    known = [row.clip == "C" for row in TWELVE]
    (tmp_path / "all").mkdir()
    others = {predictions_table.BASELINE: before}
    naive = measures.measure(confusion_counts_of(tmp_path / "all", TWELVE, others), SETTINGS)
    counts = confusion_counts_of(tmp_path, TWELVE, others, {predictions_table.BASELINE: known})
    metrics = measures.measure(counts, SETTINGS)
    assert naive["gain"]["baseline"]["macro_f1"] < -0.1
    assert metrics["gain"]["baseline"] == {"macro_f1": 0, "interval": [0, 0], "rows": 8}
    assert metrics["baseline"]["accuracy"] == 5 / 8
    assert metrics["per_clip"]["baseline"]["accuracy"] == 1 / 2
    # The model itself is scored on all rows.
    assert metrics["rows"] == 12
    assert metrics["model"] == naive["model"]
    assert metrics["gain"]["majority"] == naive["gain"]["majority"]


def test_a_model_that_was_trained_on_all_clips_has_no_scores(tmp_path):
    counts = confusion_counts_of(
        tmp_path,
        TWELVE,
        {predictions_table.COMPARED: TWELVE},
        {predictions_table.COMPARED: [True] * 12},
    )
    metrics = json.loads(json.dumps(measures.measure(counts, SETTINGS), allow_nan=False))
    assert metrics["compared"] is None
    assert set(metrics["gain"]) == {"majority"}
