"""Mutations of photos in all formats, asked of a servable; see ``testing.fuzz``."""

import sys
from typing import Any

import pytest

from testing.fuzz.fuzzing import fuzz
from testing.fuzz.served_photos import ServedPhotos


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
def test_mutated_photos_get_a_status_and_harm_no_neighbour(servable: Any) -> None:
    findings = fuzz(ServedPhotos(servable), 0, 0, count=630, hang_s=120, stderr=sys.__stderr__)
    assert findings.failures == []
    assert findings.outcomes.total() == 630
    # Enough mutations are decoded, and enough are not.
    assert findings.outcomes["ok"] > 50
    assert findings.outcomes["image_unreadable"] > 100
    assert findings.outcomes["image_too_large"] > 5
    # A photo of 64 megapixels has 192 MB; those of a request are decoded one after another.
    assert findings.peak_mb < 400
