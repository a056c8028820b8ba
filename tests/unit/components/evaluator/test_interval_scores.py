"""Intervals of scores: what they are drawn from, and where they are exact."""

import pytest

from components.evaluator import measures, predictions_table
from components.evaluator.settings import EvaluateSettings
from testing.models.prediction_tables import (
    TWELVE,
    Row,
    clips_of,
    confusion_counts_of,
)

SETTINGS = EvaluateSettings()


def test_frames_of_one_clip_do_not_narrow_the_interval(tmp_path):
    few = [Row(f"{i}", "a", "ab"[i % 2], 0.9) for i in range(10)]
    many = [row for row in few for _ in range(8)]
    (tmp_path / "few").mkdir()
    (tmp_path / "many").mkdir()
    ends = [
        measures.measure(confusion_counts_of(tmp_path / name, rows), SETTINGS)["model"]["intervals"]
        for name, rows in (("few", few), ("many", many))
    ]
    assert ends[0]["accuracy"] == ends[1]["accuracy"]


def test_many_clips_are_pooled_and_counted_as_they_are(tmp_path, monkeypatch):
    rows = clips_of("a", 9, 3, "b") + clips_of("b", 7, 2, "c") + clips_of("c", 5, 1, "a")
    (tmp_path / "pooled").mkdir()
    whole = measures.measure(confusion_counts_of(tmp_path, rows), SETTINGS)
    monkeypatch.setattr("components.evaluator.confusion_counts.MAX_RESAMPLING_UNITS", 6)
    counts = confusion_counts_of(tmp_path / "pooled", rows)
    assert counts.confusion_matrices(predictions_table.MODEL).sum(axis=(1, 2)).tolist() == [
        16,
        16,
        16,
        12,
        12,
        12,
    ]
    pooled = measures.measure(counts, SETTINGS)
    assert (pooled["clips"], pooled["confusion"]) == (21, whole["confusion"])
    for name in ("accuracy", "macro_f1", "ece"):
        assert pooled["model"][name] == pytest.approx(whole["model"][name])
        assert pooled["per_clip"]["model"][name] == pytest.approx(whole["per_clip"]["model"][name])
    assert pooled["slices"]["species=CAT"]["clips"] == whole["slices"]["species=CAT"]["clips"]
    low, high = pooled["model"]["intervals"]["accuracy"]
    assert low < whole["model"]["accuracy"] < high


def of_animal(rows, group):
    return [row._replace(group=group) for row in rows]


def test_clips_of_an_animal_are_drawn_together(tmp_path):
    # Two animals of ten clips each: all right, and all wrong. By clips 0.5 +- 0.2; by animals a
    # draw is one of them twice with 1/2.
    right, wrong = clips_of("a", 10, 4, "b"), clips_of("b", 10, 0, "a")
    for name in ("clips", "groups", "mixed"):
        (tmp_path / name).mkdir()
    by_clip = measures.measure(confusion_counts_of(tmp_path / "clips", right + wrong), SETTINGS)
    animals = of_animal(right, "Bello") + of_animal(wrong, "Mimi")
    by_animal = measures.measure(confusion_counts_of(tmp_path / "groups", animals), SETTINGS)
    low, high = by_clip["model"]["intervals"]["accuracy"]
    assert 0.25 < low < high < 0.75
    assert by_animal["model"]["intervals"]["accuracy"] == [0, 1]
    assert by_animal["resampling"] == {"of": "groups", "units": 2, "level": 0.95, "draws": 2000}
    for name in ("accuracy", "macro_f1", "ece"):
        assert by_clip["model"][name] == by_animal["model"][name]
    assert by_clip["clips"] == by_animal["clips"] == 20

    mixed = measures.measure(
        confusion_counts_of(tmp_path / "mixed", of_animal(right, "Bello") + wrong), SETTINGS
    )
    assert mixed["resampling"]["of"] == "groups_and_clips"
    assert mixed["resampling"]["units"] == 11


def test_a_clip_whose_rows_name_several_animals_stays_whole(tmp_path):
    rows = [row._replace(group=group) for row, group in zip(TWELVE, "xyxx" * 3, strict=True)]
    counts = confusion_counts_of(tmp_path, rows)
    # All three clips begin with x.
    assert counts.resampling_units == 1
    assert counts.confusion_matrices(predictions_table.MODEL).sum() == 12


def test_a_mood_that_a_draw_lacks_does_not_count_as_0_in_it(tmp_path):
    # Of twelve clips two are of c, three of four frames right; one draw of nine lacks c, and all
    # others have the same F1: 6 / (8 + 6) x 2.
    rows = clips_of("a", 10, 4, "b") + clips_of("c", 2, 3, "b")
    metrics = measures.measure(confusion_counts_of(tmp_path, rows), SETTINGS)
    mood = metrics["per_mood"]["c"]
    assert mood["f1"] == pytest.approx(12 / 14)
    assert mood["intervals"]["f1"] == [pytest.approx(12 / 14)] * 2
    assert mood["intervals"]["recall"] == [pytest.approx(3 / 4)] * 2
    assert metrics["per_mood"]["b"]["intervals"] == {"precision": None, "recall": None, "f1": None}


def test_intervals_at_0_and_1_are_exact(tmp_path):
    rows = clips_of("a", 10, 4, "b") + clips_of("b", 5, 4, "a")
    metrics = measures.measure(confusion_counts_of(tmp_path, rows), SETTINGS)
    intervals = metrics["model"]["intervals"]
    assert intervals["accuracy"] == [pytest.approx(0.025 ** (1 / 15)), 1]
    assert metrics["per_mood"]["a"]["intervals"]["recall"] == [pytest.approx(0.025 ** (1 / 10)), 1]
    # Between that of all clips alike and that of the rarer mood alone.
    low, high = intervals["macro_f1"]
    assert high == 1
    assert 0.025 ** (1 / 5) < low < 0.025 ** (1 / 15)

    (tmp_path / "wrong").mkdir()
    wrong = [row._replace(predicted="b" if row.mood == "a" else "a") for row in rows]
    metrics = measures.measure(confusion_counts_of(tmp_path / "wrong", wrong), SETTINGS)
    low, high = metrics["model"]["intervals"]["accuracy"]
    assert (low, high) == (0, pytest.approx(1 - 0.025 ** (1 / 15)))
    assert metrics["per_clip"]["model"]["intervals"]["accuracy"] == [low, high]
    assert metrics["slices"]["species=CAT"]["intervals"]["accuracy"][1] > high
