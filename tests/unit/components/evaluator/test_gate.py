"""The blessing rules: which models pass, and the messages of those that do not."""

import numpy as np
import pytest

from components.evaluator import gate, predictions_table
from components.evaluator.settings import EvaluateSettings
from dataset import scores
from report import translations
from schemas.errors import ConfigError
from testing.models.prediction_tables import TWELVE, clips_of, confusion_counts_of

# 36 clips of four frames, three of which are predicted correctly: each F1 is about 0.75.
DECENT = clips_of("a", 16, 3, "b") + clips_of("b", 10, 3, "c") + clips_of("c", 10, 3, "a")


def failed(counts, **limits):
    checks = {check.check: check for check in gate.checks(counts, EvaluateSettings(**limits))}
    return {name: check for name, check in checks.items() if not check.passed}


def test_a_decent_model_passes(tmp_path):
    assert not failed(confusion_counts_of(tmp_path, DECENT))
    assert not failed(confusion_counts_of(tmp_path, DECENT, {predictions_table.BASELINE: DECENT}))


def test_a_model_that_always_predicts_the_commonest_mood_is_refused(tmp_path):
    constant = [row._replace(predicted="a", probability=0.5) for row in DECENT]
    found = failed(confusion_counts_of(tmp_path, constant))
    assert set(found) == {"over_majority"}
    check = found["over_majority"]
    assert (check.value, check.limit, check.rule) == (0, 0.05, "at_least")
    # a has 64 of 144 rows: F1 128 / (64 + 144), a third of it in the mean.
    assert check.message == (
        "macro-F1 0.205 against 0.205 of always predicting the commonest mood: +0.000, "
        "95 % interval +0.000 to +0.000; evaluate.min_gain requires a lower end of at least +0.050"
    )


def test_a_gain_within_the_noise_is_refused(tmp_path):
    # Of the 27 draws of three clips one is A three times: macro-F1 6 / 7 against 1.
    (found,) = failed(confusion_counts_of(tmp_path, TWELVE)).values()
    assert found.check == "over_majority"
    assert found.value == pytest.approx(6 / 7 - 1)
    assert "0.562 against 0.222" in found.message
    assert "+0.340, 95 % interval -0.143 to" in found.message


def test_a_model_that_is_worse_on_one_mood_only_is_refused(tmp_path):
    # On c one frame of four in place of three, on a and b all four: better in all.
    worse = [
        *(clips_of("a", 16, 4, "b") + clips_of("b", 10, 4, "c")),
        *clips_of("c", 10, 1, "a"),
    ]
    before = clips_of("a", 16, 2, "b") + clips_of("b", 10, 2, "a") + clips_of("c", 10, 3, "a")
    found = failed(confusion_counts_of(tmp_path, worse, {predictions_table.BASELINE: before}))
    assert set(found) == {"not_worse_on_any_mood"}
    check = found["not_worse_on_any_mood"]
    assert check.value < check.limit == -0.05
    # c: 20 / (40 + 10) against 60 / (40 + 30).
    assert "significantly worse: c 0.400 against 0.857" in check.message
    assert "a 0" not in check.message
    assert "b 0" not in check.message
    assert not failed(
        confusion_counts_of(tmp_path, worse, {predictions_table.BASELINE: before}), max_loss=0.46
    )


def test_a_model_that_is_worse_on_one_species_only_is_refused(tmp_path):
    # Wrong predictions of a mood are always the same other mood.
    def with_dogs(dogs, cats):
        return [
            row
            for mood in "abc"
            for rows in [clips_of(mood, 24, 4, "a")]
            for index, row in enumerate(rows)
            for correct in [(cats, dogs)[row.species == "DOG"]]
            for row in [
                row._replace(predicted=mood if index % 4 < correct else "abc"["bca".find(mood)])
            ]
        ]

    found = failed(
        confusion_counts_of(
            tmp_path, with_dogs(2, 4), {predictions_table.BASELINE: with_dogs(3, 2)}
        )
    )
    assert set(found) == {"not_worse_on_any_species"}
    assert "DOG 0.500 against 0.750" in found["not_worse_on_any_species"].message
    assert "CAT" not in found["not_worse_on_any_species"].message


def test_a_loss_on_a_mood_within_the_noise_is_no_ground(tmp_path):
    # Two of the ten clips of c lose a frame, and two others win one less: noise.
    less = list(DECENT)
    indices = [i for i, row in enumerate(DECENT) if row.mood == "c" and row.predicted == "c"]
    less[indices[0]] = less[indices[0]]._replace(predicted="a")
    wins = [i for i, row in enumerate(DECENT) if row.mood == "a" and row.predicted == "b"]
    for index in wins[:3]:
        less[index] = less[index]._replace(predicted="a")
    assert not failed(confusion_counts_of(tmp_path, less, {predictions_table.BASELINE: DECENT}))


def test_a_loss_must_stay_within_the_margin_at_its_lower_end(tmp_path):
    less = list(DECENT)
    less[0] = less[0]._replace(predicted="c")
    counts = confusion_counts_of(tmp_path, less, {predictions_table.BASELINE: DECENT})
    assert not failed(counts)  # A frame less of 144 is noise.
    (check,) = failed(counts, max_loss=0.01).values()
    assert check.check == "not_worse_than_last_blessed"
    # The loss itself is within the margin, the lower end of its interval is not.
    difference = scores.macro_f1(matrix_of(less)) - scores.macro_f1(matrix_of(DECENT))
    assert -0.01 < difference < 0
    assert check.value < -0.01 == check.limit
    assert "evaluate.max_loss requires a lower end of at least -0.010" in check.message
    assert not failed(counts, max_loss=0.03)


def test_equal_models_pass_by_any_margin_and_equal_retrainings_mostly_by_the_default(tmp_path):
    counts = confusion_counts_of(tmp_path, DECENT, {predictions_table.BASELINE: DECENT})
    assert not failed(counts, max_loss=0.0)

    # 600 clips, and two models that are right on three frames of four of each by chance.
    def retrained(seed):
        random = np.random.default_rng(seed)
        return [
            row._replace(predicted=row.mood if random.random() < 0.75 else wrong)
            for mood, wrong in ("ab", "bc", "ca")
            for row in clips_of(mood, 200, 4, wrong)
        ]

    before = {predictions_table.BASELINE: retrained(0)}
    passed = [
        not failed(confusion_counts_of(tmp_path, retrained(seed), before)) for seed in range(1, 7)
    ]
    assert all(passed)


def test_a_predecessor_that_knows_the_clips_is_compared_on_the_others(tmp_path):
    # It learned the clips of c by heart; on all others both are equal.
    before = [row._replace(predicted=row.mood) if row.mood == "c" else row for row in DECENT]
    known = [row.mood == "c" for row in DECENT]
    others = {predictions_table.BASELINE: before}
    (tmp_path / "naive").mkdir()
    assert failed(confusion_counts_of(tmp_path / "naive", DECENT, others))
    counts = confusion_counts_of(tmp_path, DECENT, others, {predictions_table.BASELINE: known})
    assert not failed(counts)
    checks = {check.check: check for check in gate.checks(counts, EvaluateSettings())}
    assert checks["rows_new_to_last_blessed"].value == 26
    assert "on 104 of 144 rows, of 26 clips" in checks["rows_new_to_last_blessed"].message


def test_a_predecessor_that_knows_every_clip_is_no_judge(tmp_path):
    counts = confusion_counts_of(
        tmp_path,
        DECENT,
        {predictions_table.BASELINE: DECENT},
        {predictions_table.BASELINE: [True] * 144},
    )
    (check,) = failed(counts).values()
    assert (check.check, check.value, check.limit) == ("rows_new_to_last_blessed", 0, 2)
    assert "on 0 of 144 rows" in check.message
    assert not failed(counts, max_loss=1.0)  # Which compares with no earlier model.


def test_two_clips_of_a_mood_are_too_few_to_find_a_model_worse(tmp_path):
    # All of c's two clips lost: that happens by chance in every fourth pair of equal models.
    base = clips_of("a", 30, 4, "b") + clips_of("b", 30, 4, "a")
    before, now = base + clips_of("c", 2, 4, "a"), base + clips_of("c", 2, 3, "a")
    counts = confusion_counts_of(tmp_path, now, {predictions_table.BASELINE: before})
    assert "not_worse_on_any_mood" not in failed(counts)


def test_a_least_macro_f1_can_be_asked_for(tmp_path):
    counts = confusion_counts_of(tmp_path, DECENT)
    (check,) = failed(counts, min_macro_f1=0.9).values()
    assert (check.check, check.limit) == ("macro_f1", 0.9)
    assert not failed(counts, min_macro_f1=0.7)


def matrix_of(rows):
    matrix = np.zeros((3, 3))
    for row in rows:
        matrix["abc".index(row.mood), "abc".index(row.predicted)] += 1
    return matrix


def test_one_row_of_nan_is_refused(tmp_path):
    rows = [DECENT[0]._replace(probability=float("nan")), *DECENT[1:]]
    (found,) = failed(confusion_counts_of(tmp_path, rows)).values()
    assert (found.check, found.value, found.limit) == ("probabilities_are_numbers", 1, 0)
    assert found.message == ("NaN or infinite probabilities in 1 of 144 rows, 0 are allowed")


def test_a_model_of_nothing_but_nan_is_refused_in_words(tmp_path):
    rows = [row._replace(probability=float("nan")) for row in DECENT]
    found = failed(confusion_counts_of(tmp_path, rows, {predictions_table.BASELINE: DECENT}))
    assert "in 144 of 144 rows, 0 are allowed" in found["probabilities_are_numbers"].message
    assert {"over_majority", "not_worse_than_last_blessed"} < set(found)


def test_probabilities_that_mean_nothing_are_refused(tmp_path):
    # Three of four are correct at a probability of 1: an error of 0.25.
    sure = [row._replace(probability=1.0) for row in DECENT]
    assert not failed(confusion_counts_of(tmp_path, sure), max_calibration_error=0.25)
    (found,) = failed(confusion_counts_of(tmp_path, sure), max_calibration_error=0.249).values()
    assert (found.value, found.limit, found.rule) == (0.25, 0.249, "at_most")
    assert found.message == ("calibration error 0.250, evaluate.max_calibration_error allows 0.249")


def test_a_single_clip_is_too_little_for_a_verdict(tmp_path):
    rows = clips_of("a", 1, 4, "b")
    (found,) = failed(confusion_counts_of(tmp_path, rows)).values()
    assert found.message == (
        "The rows must be of at least two clips, and of two animals where these are known, to "
        "distinguish a gain from chance"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_gain": 0.0},
        {"max_loss": -0.1},
        {"max_calibration_error": 0.0},
        {"resamples": 99},
        {"seed": -1},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ConfigError, match=f"evaluate.{next(iter(wrong))} must"):
        EvaluateSettings(**wrong)


def test_the_report_has_a_korean_name_for_every_check(tmp_path):
    cats = [row._replace(species="CAT") for row in DECENT]
    counts = confusion_counts_of(tmp_path, cats, {predictions_table.BASELINE: cats})
    settings = EvaluateSettings(min_macro_f1=0.1)
    names = {check.check for check in gate.checks(counts, settings)}
    assert names == set(translations.CHECKS)
