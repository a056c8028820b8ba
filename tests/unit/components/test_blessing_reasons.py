"""The reasons of a verdict in one line."""

from components.blessing_reasons import reasons_text


def test_the_rules_that_failed_are_named_and_no_others() -> None:
    assert reasons_text([], 5) == "all 5 checks passed"
    assert reasons_text(["F1 0.3, 0.5 is required", "x"], 5) == "F1 0.3, 0.5 is required; x"


def test_a_long_text_is_cut() -> None:
    assert len(reasons_text(["a" * 1500, "b" * 1500], 2)) == 2000
