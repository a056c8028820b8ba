"""The Evaluator's executor with toy servables: its outputs, and which models it blesses."""

import functools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
import tensorflow_model_analysis as tfma
from tfx.types import channel, standard_artifacts
from tfx.utils import dependency_utils

from components.artifact_types import Rejects
from components.evaluator import analysis, measures, predictions_table
from components.evaluator.component import Evaluator
from components.evaluator.settings import EvaluateSettings
from dataset.calibration_split import is_calibration_clip
from dataset.trained_on import TrainedOn, name_pairs
from schemas import artifacts, signatures
from schemas.errors import ConfigError, DataRefusedError
from system import manifest
from testing.components.evaluating import Evaluated, evaluate, is_blessed, save_toy
from testing.models.prediction_tables import (
    TWELVE,
    Row,
    clips_of,
    confusion_counts_of,
)

pytestmark = pytest.mark.slow

DECENT = clips_of("a", 16, 3, "b") + clips_of("b", 10, 3, "c") + clips_of("c", 10, 3, "a")


@pytest.fixture(scope="module", autouse=True)
def packed_once() -> Iterator[None]:
    """TFX packs itself for Beam's workers elsewhere whenever an executor is made."""
    with pytest.MonkeyPatch.context() as patch:
        name = "build_ephemeral_package"
        patch.setattr(dependency_utils, name, functools.cache(getattr(dependency_utils, name)))
        yield


@pytest.fixture(scope="module")
def servables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models in the Trainer's form: a folder each, with the servable below."""
    folder = tmp_path_factory.mktemp("servables")
    for name in (predictions_table.MODEL, predictions_table.BASELINE, predictions_table.COMPARED):
        save_toy(folder / name / "Format-Serving", name)
    save_toy(folder / "other_moods" / "Format-Serving", "other_moods", ("x", "y", "z"))
    return folder


@pytest.fixture(scope="module")
def twelve(tmp_path_factory: pytest.TempPathFactory, servables: Path) -> Evaluated:
    """The executor's outputs for the twelve rows."""
    return evaluate(tmp_path_factory.mktemp("twelve"), servables, {predictions_table.MODEL: TWELVE})


def test_the_executor_writes_the_scores_that_were_computed_by_hand(tmp_path, twelve):
    (tmp_path / "hand").mkdir()
    counts = confusion_counts_of(tmp_path / "hand", TWELVE)
    by_hand = json.loads(json.dumps(measures.measure(counts, EvaluateSettings())))
    assert {name: twelve.metrics[name] for name in by_hand} == by_hand
    failed = [each["message"] for each in twelve.metrics["verdict"]["checks"] if not each["passed"]]
    assert failed
    assert twelve.blessing.get_string_custom_property(artifacts.REASONS) == "; ".join(failed)
    assert twelve.metrics["model"]["macro_f1"] == pytest.approx((8 / 13 + 4 / 7 + 1 / 2) / 3)
    assert twelve.metrics["model"]["ece"] == pytest.approx(0.1, abs=1e-6)
    rows = pq.read_table(twelve.predictions).to_pylist()
    assert [row["line"] for row in rows] == list(range(2, 14))
    assert [row["predicted"] for row in rows] == [row.predicted for row in TWELVE]
    assert [row["box_area"] for row in rows[:2]] == [pytest.approx(x) for x in (0.01, 0.07)]


def test_tfma_has_the_same_scores_and_slices_under_their_names(twelve):
    lines = {
        tuple(
            (part.column, part.bytes_value.decode()) for part in line.slice_key.single_slice_keys
        ): {entry.key.name: entry.value.double_value.value for entry in line.metric_keys_and_values}
        for line in tfma.load_metrics(str(twelve.evaluation))
    }
    named = {measures.slice_name(key): values for key, values in lines.items()}
    assert set(named) - {""} == set(twelve.metrics["slices"])
    for name, values in named.items():
        ours = twelve.metrics["slices"][name] if name else twelve.metrics["model"]
        for score in ("accuracy", "balanced_accuracy", "macro_f1"):
            # A mean over moods is not defined on rows of one mood.
            wanted = float("nan") if ours[score] is None else ours[score]
            assert values[score] == pytest.approx(wanted, abs=1e-6, nan_ok=True)


def test_a_decent_model_is_blessed_and_compared_with_two_others(tmp_path, servables):
    before = [row._replace(predicted="a") for row in DECENT]
    rows_by_predictor = {
        predictions_table.MODEL: DECENT,
        predictions_table.BASELINE: before,
        predictions_table.COMPARED: DECENT,
    }
    path = str(servables / predictions_table.COMPARED / "Format-Serving")
    evaluated = evaluate(tmp_path, servables, rows_by_predictor, compare_with=path)
    metrics, blessing = evaluated.metrics, evaluated.blessing
    assert is_blessed(blessing)
    assert metrics["verdict"]["blessed"]
    assert blessing.get_int_custom_property("current_model_id") == 7
    checks = metrics["verdict"]["checks"]
    reasons = blessing.get_string_custom_property(artifacts.REASONS)
    assert reasons == f"all {len(checks)} checks passed"
    assert metrics["model"]["accuracy"] == metrics["compared"]["accuracy"] == 3 / 4
    assert metrics["baseline"]["macro_f1"] == pytest.approx(128 / (64 + 144) / 3)
    row = pq.read_table(evaluated.predictions).to_pylist()[3]
    predicted = ("predicted", "baseline_predicted", "compared_predicted", "majority_predicted")
    assert [row[name] for name in predicted] == ["b", "a", "b", "a"]
    notes = metrics["verdict"]["notes"]
    assert any(note.startswith("evaluate.compare_with is") for note in notes)


@pytest.mark.parametrize(
    ("model", "check", "message"),
    [
        pytest.param(
            [row._replace(predicted="a") for row in DECENT],
            "over_majority",
            "macro-F1 0.205 against 0.205 of always predicting the commonest mood",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            clips_of("a", 16, 4, "b") + clips_of("b", 10, 4, "c") + clips_of("c", 10, 1, "a"),
            "not_worse_on_any_mood",
            "significantly worse: c 0.400 against 0.857",
            marks=pytest.mark.slow,
        ),
        (
            [row._replace(probability=float("nan")) for row in DECENT],
            "probabilities_are_numbers",
            "NaN or infinite probabilities in 144 of 144 rows",
        ),
    ],
    ids=["only the commonest mood", "worse on one mood", "nan"],
)
def test_a_bad_model_is_refused_with_the_reason(tmp_path, servables, model, check, message):
    before = clips_of("a", 16, 2, "b") + clips_of("b", 10, 2, "a") + clips_of("c", 10, 3, "a")
    evaluated = evaluate(
        tmp_path, servables, {predictions_table.MODEL: model, predictions_table.BASELINE: before}
    )
    assert not is_blessed(evaluated.blessing)
    assert not evaluated.metrics["verdict"]["blessed"]
    assert message in evaluated.failed[check]
    if check == "not_worse_on_any_mood":
        assert set(evaluated.failed) == {check}


def test_a_predecessor_with_other_moods_is_not_compared_with(tmp_path, servables):
    rows_by_predictor = {predictions_table.MODEL: DECENT, predictions_table.BASELINE: DECENT}
    evaluated = evaluate(tmp_path, servables, rows_by_predictor, baseline="other_moods")
    assert evaluated.metrics["baseline"] is None
    assert any("has other moods" in note for note in evaluated.metrics["verdict"]["notes"])
    assert is_blessed(evaluated.blessing)


def test_an_example_that_comes_twice_is_an_error(tmp_path, servables):
    lines = [*range(2, 13), 2]
    with pytest.raises(
        predictions_table.RowError, match=r"must come once\. Received: line 2 twice"
    ):
        evaluate(tmp_path, servables, {predictions_table.MODEL: TWELVE}, lines)


def test_an_example_that_is_missing_is_an_error(tmp_path, servables):
    with pytest.raises(predictions_table.RowError, match=r"must have 12 rows.* Received: 11$"):
        evaluate(tmp_path, servables, {predictions_table.MODEL: TWELVE}, range(2, 13))


def test_other_counts_by_tfma_are_an_error(tmp_path, twelve):
    (tmp_path / "other").mkdir()
    rows = [TWELVE[0]._replace(predicted="b"), *TWELVE[1:]]
    other = confusion_counts_of(tmp_path / "other", rows)
    with pytest.raises(analysis.CountError, match="of all rows must equal ours"):
        analysis.check(str(twelve.evaluation), other)


def test_a_missing_model_to_compare_with_is_an_error_before_the_run(tmp_path):
    kinds = (standard_artifacts.Examples, Rejects, standard_artifacts.Model)
    examples, rejects, model = (channel.Channel(type=kind) for kind in kinds)
    with pytest.raises(ConfigError, match="compare_with must be the folder of a servable"):
        Evaluator(examples, rejects, model, None, EvaluateSettings(compare_with=str(tmp_path)), "1")


def test_a_changed_model_to_compare_with_is_an_error_before_the_run(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"graph")
    manifest.write(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"another")
    kinds = (standard_artifacts.Examples, Rejects, standard_artifacts.Model)
    examples, rejects, model = (channel.Channel(type=kind) for kind in kinds)
    with pytest.raises(ConfigError, match=r"saved_model\.pb changed"):
        Evaluator(examples, rejects, model, None, EvaluateSettings(compare_with=str(tmp_path)), "1")


def test_a_toy_returns_the_probabilities_of_its_example(servables):
    # The toys must be able to return NaN.
    loaded = tf.saved_model.load(str(servables / predictions_table.MODEL / "Format-Serving"))
    example = tf.train.Example()
    example.features.feature["toy/model"].float_list.value.extend([float("nan"), 0.5, 0.5])
    predict = loaded.signatures[signatures.SERVE_EXAMPLE]
    outputs = predict(tf.constant([example.SerializeToString()]))
    assert np.isnan(outputs[signatures.PROBABILITIES].numpy()[0, 0])


def test_clips_that_the_temperature_was_fitted_on_are_predicted_and_not_scored(tmp_path):
    model = tmp_path / predictions_table.MODEL / "Format-Serving"
    save_toy(model, predictions_table.MODEL, fitted_on="eval", temperature=1.5, unsure_below=0.9)
    evaluated = evaluate(tmp_path / "run", tmp_path, {predictions_table.MODEL: DECENT})
    rows = pq.read_table(evaluated.predictions).to_pylist()
    assert len(rows) == len(DECENT)
    scored = [row for row in rows if row["judged"]]
    assert {row["clip"] for row in scored} == {
        row.clip for row in DECENT if not is_calibration_clip(row.clip)
    }
    metrics = evaluated.metrics
    assert (metrics["rows"], metrics["clips"]) == (len(scored), len(scored) // 4)
    assert 0 < len(scored) < len(rows)
    # Each answer has a probability of 0.8.
    assert metrics["unsure"]["share"] == 1
    assert metrics["unsure"]["threshold"] == pytest.approx(0.9)
    assert (metrics["calibration"]["temperature"], metrics["calibration"]["fitted_on"]) == (
        1.5,
        "eval",
    )


def names_of(rows: Sequence[Row], base: TrainedOn | None = None) -> TrainedOn:
    return TrainedOn.of(name_pairs([row.clip for row in rows], [None] * len(rows)), base)


def test_no_model_is_scored_on_clips_of_its_training_or_of_the_model_that_it_began_with(tmp_path):
    # The predecessor learned the clips of c, and the new model began with one that learned two of
    # a. That it was trained on clips of b itself is the LeakCheck's affair.
    of_a = [row for row in DECENT if row.clip in ("a-0", "a-1")]
    of_b, of_c = ([row for row in DECENT if row.mood == mood] for mood in "bc")
    for name, trained_on in (
        (predictions_table.MODEL, names_of(of_b, names_of(of_a))),
        (predictions_table.BASELINE, names_of(of_c)),
    ):
        save_toy(tmp_path / name / "Format-Serving", name, trained_on=trained_on)
    by_heart = [row._replace(predicted=row.mood) if row.mood == "c" else row for row in DECENT]
    rows = {predictions_table.MODEL: DECENT, predictions_table.BASELINE: by_heart}
    evaluated = evaluate(tmp_path / "run", tmp_path, rows)
    metrics = evaluated.metrics
    assert metrics["rows"] == 144 - 8
    assert metrics["gain"]["baseline"] == {"macro_f1": 0, "interval": [0, 0], "rows": 144 - 8 - 40}
    assert is_blessed(evaluated.blessing)
    table = pq.read_table(evaluated.predictions).to_pylist()
    assert {row["clip"] for row in table if not row["judged"]} == {"a-0", "a-1"}
    assert {row["label"] for row in table if row["baseline_trained_on"]} == {"c"}
    assert not any("does not say" in note for note in metrics["verdict"]["notes"])


def test_a_model_that_began_with_one_that_knows_every_clip_is_refused(tmp_path):
    trained_on = names_of([], names_of(DECENT))
    folder = tmp_path / predictions_table.MODEL / "Format-Serving"
    save_toy(folder, predictions_table.MODEL, trained_on=trained_on)
    with pytest.raises(DataRefusedError, match="Received: none, because the model began with"):
        evaluate(tmp_path / "run", tmp_path, {predictions_table.MODEL: DECENT})


def test_a_model_without_names_is_compared_on_all_rows_and_noted(tmp_path, servables):
    rows = {predictions_table.MODEL: DECENT, predictions_table.BASELINE: DECENT}
    nan = [row._replace(probability=float("nan")) for row in DECENT]  # TFMA is not started.
    metrics = evaluate(tmp_path, servables, rows | {predictions_table.MODEL: nan}).metrics
    assert metrics["gain"]["baseline"]["rows"] == 144
    assert any(
        note.startswith("The last blessed model does not say which clips")
        for note in metrics["verdict"]["notes"]
    )
