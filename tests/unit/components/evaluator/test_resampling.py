"""Draws of clips: the docstring's example, and draws in pieces."""

import doctest

import numpy as np

from components.evaluator import resampling


def test_the_example_of_the_docstring_holds():
    assert doctest.testmod(resampling) == (0, 4)


def test_resampling_does_not_hold_all_draws_at_once(monkeypatch):
    parts = [np.arange(5.0)[:, None]]
    whole = resampling.resampled(parts, lambda sums: sums, 100, 3)
    monkeypatch.setattr(resampling, "_MAX_WEIGHTS", 15)
    again = resampling.resampled(parts, lambda sums: sums, 100, 3)
    assert whole.shape == (100, 1)
    np.testing.assert_array_equal(whole, again)
    assert 8 < whole.mean() < 12  # The clips' sum is 10.
