"""Simulated streams: what is found, how soon, and how rarely something is found in nothing."""

import numpy as np
import pytest

from monitoring.comparisons import (
    Tolerances,
    comparisons,
    divergence,
    ks_chance,
    read_tolerances,
    shares_of_chance,
)
from monitoring.settings import DriftSettings
from monitoring.watch import Watch
from testing.monitoring.streams import CAUSES, COMMONEST, Cause, draw, reference

EXPECTED = {
    "prior": {"mood=행복/즐거움"},
    "blur": {"sharpness"},
    "night": {"brightness", "contrast"},
    "no_animal": {"no_animal"},
    "unsure": {"unsure"},
}
SETTINGS = DriftSettings()


@pytest.fixture(scope="module")
def tolerances() -> Tolerances:
    return read_tolerances()


def first_alarms(cause: Cause, seed: int, tolerances: Tolerances) -> dict[str, int]:
    """Returns the tests that fail and after how many requests with the cause, of 500."""
    rng = np.random.default_rng(seed)
    watch = Watch(reference(rng), tolerances, SETTINGS)
    before = 1000 + seed % 25  # The change comes anywhere within a step.
    assert not watch.add(draw(rng, before))
    alarms = watch.add(draw(rng, 500, cause))
    return {alarm["test"]: alarm["request"] - before for alarm in alarms}


@pytest.mark.slow
@pytest.mark.parametrize("cause", CAUSES)
def test_a_change_is_found_within_500_requests(cause: Cause, tolerances: Tolerances) -> None:
    for seed in range(5):
        found = first_alarms(cause, seed, tolerances)
        assert found, (cause, seed)
        assert set(found) & EXPECTED[cause], (cause, seed, found)
        assert 0 < min(found.values()) <= 500


@pytest.mark.slow
def test_at_most_one_of_200_clean_windows_raises_an_alarm(tolerances: Tolerances) -> None:
    rng = np.random.default_rng(2026)
    watch = Watch(reference(rng), tolerances, SETTINGS)
    watch.add(draw(rng, 200 * SETTINGS.window))
    # Each tenth of a window judges two: one of each length.
    assert watch.windows == 2 * 10 * 200 - 9 - 19
    assert len(watch.alarms) <= 1


def test_the_chance_of_a_false_alarm_is_shared_out_whole(tolerances: Tolerances) -> None:
    rng = np.random.default_rng(5)
    known = reference(rng)
    shares = shares_of_chance(known)
    assert sum(shares.values()) == pytest.approx(1)
    tests = {one.test for one in comparisons(draw(rng, 500), known, tolerances, SETTINGS)}
    assert tests == set(shares)
    # Six moods have 0.8: a twentieth of it alike, the rest by their frequency.
    commonest = known.predicted[COMMONEST] / known.predicted.sum()
    assert shares["mood=행복/즐거움"] == pytest.approx(0.8 * (0.95 * commonest + 0.05 / 6))
    assert shares["brightness"] == pytest.approx(0.1 / 4)
    assert shares["no_animal"] == pytest.approx(0.1 / 3)


def test_requests_in_any_portions_give_the_same(tolerances: Tolerances) -> None:
    rng = np.random.default_rng(1)
    known = reference(rng)
    stream = draw(rng, 1300, "night")
    whole, parts = (Watch(known, tolerances, SETTINGS) for _ in range(2))
    whole.add(stream)
    for begin in range(0, 1300, 7):
        parts.add(stream.part(begin, begin + 7))
    assert whole.alarms == parts.alarms
    assert (whole.windows, whole.shares) == (parts.windows, parts.shares)
    assert parts.requests == 1300


def test_a_significant_change_within_the_tolerance_is_no_alarm(tolerances: Tolerances) -> None:
    rng = np.random.default_rng(3)
    known = reference(rng)
    stream = draw(rng, 1000, "blur")
    wide = tolerances._replace(facts=dict.fromkeys(tolerances.facts, 0.5))
    watch = Watch(known, wide, SETTINGS)
    watch.add(stream)
    assert "sharpness" not in watch.alarms


def test_too_few_requests_are_not_judged(tolerances: Tolerances) -> None:
    rng = np.random.default_rng(4)
    watch = Watch(reference(rng), tolerances, SETTINGS)
    watch.add(draw(rng, SETTINGS.window - 1, "night"))
    assert (watch.windows, watch.alarms) == (0, {})
    watch.add(draw(rng, 1, "night"))
    assert watch.windows == 1


def test_the_divergence_of_a_sample_from_its_own_distribution_is_about_nothing() -> None:
    rng = np.random.default_rng(5)
    known = np.sort(rng.normal(size=20_000))
    same = [divergence(np.sort(rng.normal(size=250)), known) for _ in range(200)]
    assert np.mean(same) < 0.005
    assert divergence(known + 100, known) > 0.5
    # Two bins of one half each against all in one, by hand:
    # JSD = (0.5 log2(0.5/0.75) + 0.5 log2(0.5/0.25)) / 2 + log2(1/0.75) / 2 = 0.3113.
    halves = np.array([0.0, 1.0] * 5000)
    assert divergence(np.ones(10_000), np.sort(halves)) == pytest.approx(0.3113, abs=1e-3)


def test_kolmogorovs_chance_is_scipys() -> None:
    from scipy import stats

    rng = np.random.default_rng(6)
    values, known = np.sort(rng.normal(0.2, 1, 250)), np.sort(rng.normal(size=3000))
    found = stats.ks_2samp(values, known, method="asymp").pvalue
    assert ks_chance(values, known) == pytest.approx(found, rel=0.2)
