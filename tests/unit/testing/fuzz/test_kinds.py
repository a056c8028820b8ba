"""Seeded mutations of what strangers send, given to the code that reads it.

Those of photos in a servable are in ``tests/unit/models/servable/test_fuzz.py``.
"""

import sys
from collections.abc import Callable

import pytest

from testing.fuzz.__main__ import KINDS
from testing.fuzz.fuzzing import Kind, fuzz

COUNTS = {
    # Enough that some are taken and some are refused, in a few seconds each.
    "opened_photos": (400, ("ok", "not_an_image", "image_truncated")),
    "tables": (600, ("ok", "faults", "refused")),
    "label_files": (150, ("used", "refused")),
    "server_answers": (
        1_500,
        ("rest ok, grpc no message", "rest refused, grpc ok", "rest refused, grpc refused"),
    ),
}


def test_every_kind_is_fuzzed_here_or_with_the_servable() -> None:
    assert {*KINDS} == {*COUNTS, "served_photos"}


@pytest.mark.slow
@pytest.mark.parametrize("name", COUNTS)
def test_mutations_are_taken_or_refused_in_order(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    count, outcomes = COUNTS[name]
    make: Callable[[], Kind] = KINDS[name]
    findings = fuzz(make(), 0, 0, count, hang_s=120, stderr=sys.__stderr__)
    assert findings.failures == []
    assert findings.outcomes.total() == count
    assert set(outcomes) <= {*findings.outcomes}
    assert findings.peak_mb < 400


def test_a_reader_that_loses_a_row_or_raises_is_found() -> None:
    class Broken:
        sound = (b'a.jpg,"1,2,3,4",x\n',)
        batch_size = 1

        def outcomes(self, inputs: list[bytes]) -> list[str]:
            assert b'"' in inputs[0], "a row is lost"
            return [inputs[0].decode()]

    findings = fuzz(Broken(), 0, 0, 200, hang_s=60, stderr=sys.__stderr__)
    assert any("a row is lost" in failure for failure in findings.failures)
    assert any("UnicodeDecodeError" in failure for failure in findings.failures)
