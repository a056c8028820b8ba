"""Quality of views: numbers computed by hand, and values at the limits."""

import numpy as np
import pytest
from PIL import Image

from dataset.quality import Quality, quality_fault, quality_of
from dataset.settings import DataSettings
from schemas.errors import ConfigError
from schemas.reasons import RejectReason


def grey(rows):
    return Image.fromarray(np.array(rows, np.uint8))


def test_a_flat_view_has_no_sharpness_and_no_contrast():
    assert quality_of(grey([[51] * 4] * 4)) == Quality(0.0, 51 / 255, 0.0)


def test_black_and_white_halves_have_the_most_contrast():
    quality = quality_of(grey([[0, 255], [0, 255]]))
    assert (quality.brightness, quality.contrast) == (0.5, 0.5)
    # Too small for a Laplacian.
    assert quality.sharpness == 0.0


def test_sharpness_is_the_variance_of_the_laplacian():
    # A dot of 100: the inner Laplacian is -400 on the dot, 100 next to it and 0 in the corners.
    dot = np.zeros((5, 5))
    dot[2, 2] = 100
    # Mean 0; squares (4 x 100^2 + 400^2) / 9 = 200,000 / 9.
    assert quality_of(grey(dot)).sharpness == pytest.approx(200_000 / 9)


QUALITY = Quality(sharpness=50.0, brightness=0.4, contrast=0.1)


@pytest.mark.parametrize(
    ("limit", "passes", "breaks", "reason"),
    [
        ("min_brightness", 0.4, 0.401, RejectReason.TOO_DARK),
        ("max_brightness", 0.4, 0.399, RejectReason.TOO_BRIGHT),
        ("min_contrast", 0.1, 0.101, RejectReason.LOW_CONTRAST),
        ("min_sharpness", 50.0, 50.1, RejectReason.BLURRED),
    ],
)
def test_a_view_at_the_limit_is_used_and_one_beyond_it_is_refused(limit, passes, breaks, reason):
    assert quality_fault(QUALITY, DataSettings(**{limit: passes})) is None
    fault = quality_fault(QUALITY, DataSettings(**{limit: breaks}))
    assert fault is not None and fault[0] is reason
    assert f"data.{limit} is {breaks:g}" in fault[1]


def test_no_limit_is_set_by_default():
    for extreme in (Quality(0, 0, 0), Quality(0, 1, 0), Quality(1e6, 0.5, 0.5)):
        assert quality_fault(extreme, DataSettings()) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_brightness": -0.1},
        {"min_brightness": 0.6, "max_brightness": 0.6},
        {"max_brightness": 1.1},
        {"min_contrast": 0.6},
        {"min_sharpness": -1.0},
    ],
)
def test_limits_refuse_nonsense(wrong):
    with pytest.raises(ConfigError, match=r"data\."):
        DataSettings(**wrong)
