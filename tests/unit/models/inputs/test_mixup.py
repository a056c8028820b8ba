"""MixUp and CutMix of a batch."""

import numpy as np
import pytest
import tensorflow as tf

from models.inputs import mixup
from models.settings.augmentation import AugmentSettings

PIXELS = tf.constant(np.full((2, 4, 4, 3), [[[[200]]], [[[100]]]]), tf.uint8)
"""One picture of 200 and one of 100: each is the other's partner."""
LABELS = tf.constant([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


def seed(position: int) -> tf.Tensor:
    return tf.constant([7, position], tf.int64)


def test_mixup_blends_pictures_and_labels_by_the_same_share() -> None:
    pixels, labels = mixup.mixup(PIXELS, LABELS, tf.constant(0.75))
    assert pixels.dtype == tf.uint8
    np.testing.assert_array_equal(pixels[:, 0, 0, 0], [175, 125])
    np.testing.assert_allclose(labels, [[0.75, 0, 0.25], [0.25, 0, 0.75]])


def test_cutmix_pastes_a_rectangle_and_shares_the_label_by_its_area() -> None:
    # Half of each side of 4 is replaced: 2 x 2 of 16 pixels; 3 positions each way, the last one.
    corner = tf.constant([0.0, 0.99])
    pixels, labels = mixup.cutmix(PIXELS, LABELS, tf.constant(0.75), corner)
    expected = np.full((4, 4), 200)
    expected[0:2, 2:4] = 100
    np.testing.assert_array_equal(pixels[0, ..., 0], expected)
    np.testing.assert_array_equal(pixels[1, ..., 2], 300 - expected)
    np.testing.assert_allclose(labels, [[0.75, 0, 0.25], [0.25, 0, 0.75]])


def test_cutmix_counts_whole_pixels_in_the_label() -> None:
    # sqrt(0.4) * 4 = 2.53, which is 3 pixels: 9 of 16 are replaced, not 0.4.
    _, labels = mixup.cutmix(PIXELS, LABELS, tf.constant(0.6), tf.constant([0.5, 0.5]))
    np.testing.assert_allclose(labels[0], [7 / 16, 0, 9 / 16])


def test_a_batch_of_an_odd_size_leaves_its_middle_alone() -> None:
    pixels = tf.constant(np.arange(3).reshape(3, 1, 1, 1) * np.full((3, 2, 2, 3), 50), tf.uint8)
    blended, _ = mixup.mixup(pixels, tf.eye(3), tf.constant(0.5))
    np.testing.assert_array_equal(blended[:, 0, 0, 0], [50, 50, 50])  # 0 + 100, 50 + 50.


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings", [AugmentSettings(mixup=0.2), AugmentSettings(mixup=0.2, cutmix=1.0)]
)
def test_a_batch_is_mixed_by_its_own_seed_and_labels_sum_to_one(settings: AugmentSettings) -> None:
    shares = []
    for position in range(40):
        pixels, labels = mixup.mixup_or_cutmix(PIXELS, LABELS, seed(position), settings)
        again, same_labels = mixup.mixup_or_cutmix(PIXELS, LABELS, seed(position), settings)
        np.testing.assert_array_equal(pixels, again)
        np.testing.assert_array_equal(labels, same_labels)
        np.testing.assert_allclose(np.sum(labels, axis=1), [1, 1], rtol=1e-6)
        assert np.min(labels) >= 0
        shares.append(float(labels[0, 0]))
    assert len(set(shares)) > 15  # Of CutMix on 16 pixels there are few.
    assert 0.3 < np.mean(shares) < 0.7


def test_both_methods_take_turns_at_random() -> None:
    def is_blend(position: int) -> bool:
        pixels, _ = mixup.mixup_or_cutmix(
            PIXELS, LABELS, seed(position), AugmentSettings(mixup=1, cutmix=1)
        )
        return not set(np.unique(pixels)) <= {100, 200}

    assert 10 < sum(is_blend(position) for position in range(40)) < 30


def test_without_a_method_the_batch_stays() -> None:
    pixels, labels = mixup.mixup_or_cutmix(PIXELS, LABELS, seed(0), AugmentSettings())
    assert pixels is PIXELS
    assert labels is LABELS


@pytest.mark.slow
def test_a_small_alpha_gives_finite_labels() -> None:
    for position in range(200):
        _, labels = mixup.mixup_or_cutmix(
            PIXELS, LABELS, seed(position), AugmentSettings(mixup=0.01)
        )
        assert np.isfinite(labels).all()
