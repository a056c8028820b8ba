"""Draws of clips: the docstring's example, and draws in pieces."""

import doctest

import numpy as np
import pytest

from dataset import resampling


def test_the_example_of_the_docstring_holds():
    assert doctest.testmod(resampling) == (0, 5)


def test_resampling_does_not_hold_all_draws_at_once(monkeypatch):
    parts = [np.arange(5.0)[:, None]]
    whole = resampling.resampled(parts, lambda sums: sums, 100, 3)
    monkeypatch.setattr(resampling, "_MAX_WEIGHTS", 15)
    again = resampling.resampled(parts, lambda sums: sums, 100, 3)
    assert whole.shape == (100, 1)
    np.testing.assert_array_equal(whole, again)
    assert 8 < whole.mean() < 12  # The clips' sum is 10.


def test_draws_in_which_a_score_is_not_defined_are_left_out():
    draws = np.full((100, 3), np.nan)
    draws[:40, 0] = 0.5
    draws[:, 1] = np.linspace(0, 1, 100)
    ends = resampling.interval(draws)
    assert ends[:, 0].tolist() == [0.5, 0.5]
    np.testing.assert_allclose(ends[:, 1], [0.025, 0.975])
    assert np.isnan(ends[:, 2]).all()


def test_the_limit_of_one_kind_is_clopper_and_pearsons():
    # 0 of 20: 1 - 0.025 ** (1 / 20).
    assert resampling.unseen_faults([20]) == pytest.approx(0.16843, abs=1e-5)


def test_the_limit_of_several_kinds_is_the_worst_distribution_of_faults():
    # Among all shares of faults that stay unseen with 2.5 %, the largest mean, by brute force.
    units = (3, 5, 40)
    grid = np.linspace(0, 0.9, 451)
    first, second = np.meshgrid(grid, grid)
    left = 0.025 / ((1 - first) ** units[0] * (1 - second) ** units[1])
    third = 1 - np.minimum(left, 1) ** (1 / units[2])
    allowed = left <= 1
    worst = np.where(allowed, (first + second + third) / 3, 0).max()
    assert resampling.unseen_faults(units) == pytest.approx(worst, abs=2e-3)
    # As many of each kind: as one kind of all of them.
    assert resampling.unseen_faults([5, 5]) == pytest.approx(resampling.unseen_faults([10]))


def test_few_units_cannot_tell_two_models_apart():
    # 2 ** -6 is below 2.5 %, 2 ** -5 is not; for eight comparisons 2 ** -9 is below 0.3125 %.
    assert (resampling.least_units(1), resampling.least_units(8)) == (6, 9)
