"""The choice of photos: scores, clips and turns."""

import math

from client.labelling.choosing import (
    DISAGREEING,
    UNSURE,
    Best,
    disagreements,
    divergence,
    queue_of,
    uncertainty,
)
from client.labelling.predicted import Predicted

MOODS = ("a", "b", "c")


def photo(image: str, *probabilities: float, clip: str = "") -> Predicted:
    return Predicted(image, clip or image, None, MOODS, probabilities or (0.2, 0.5, 0.3))


def test_a_photo_is_as_unsure_as_its_two_likeliest_moods_are_near() -> None:
    assert uncertainty((0.5, 0.5, 0.0)) == 1.0
    assert math.isclose(uncertainty((0.1, 0.7, 0.2)), 0.5)
    assert uncertainty((0.0, 1.0, 0.0)) == 0.0


def test_equal_answers_diverge_by_nothing_and_opposite_ones_by_a_bit() -> None:
    assert divergence((0.2, 0.8), (0.2, 0.8)) == 0.0
    assert divergence((1.0, 0.0), (0.0, 1.0)) == 1.0
    # 0.5 * [0.5 ln(0.5/0.75) + 0.5 ln(0.5/0.25) + 1 ln(1/0.75)] in bits.
    assert math.isclose(divergence((0.5, 0.5), (1.0, 0.0)), 0.3112781, abs_tol=1e-6)


def test_the_best_are_kept_whatever_comes_and_few_of_a_clip() -> None:
    best = Best(3, per_clip=1)
    for number in range(1000):
        score = (number * 37 % 1000) / 1000
        best.add(score, photo(f"{number}", clip=f"clip-{number % 500}"))
    found = best.best()
    # 37 is prime to 1000, so each score is there once; 0.999 and 0.499 are of one clip.
    assert [score for score, _ in found] == [0.999, 0.998, 0.997]
    assert len({each.clip for _, each in found}) == 3


def test_a_clip_may_give_several() -> None:
    best = Best(4, per_clip=2)
    for number in range(5):
        best.add(number, photo(f"{number}", clip="one"))
    best.add(0.5, photo("other"))
    assert [each.image for _, each in best.best()] == ["4", "3", "other"]


def test_versions_are_compared_row_by_row_whatever_one_lacks() -> None:
    first = [photo(name, 0.5, 0.5, 0.0) for name in "abcd"]
    other = [
        photo("b", 0.5, 0.5, 0.0),
        Predicted("c", "c", None, ("b", "a", "c"), (0.5, 0.5, 0.0)),
        photo("x", 0.0, 0.0, 1.0),
        photo("d", 0.0, 0.0, 1.0),
    ]
    found = {each.image: score for score, each in disagreements(first, other)}
    assert found == {"b": 0.0, "c": 0.0, "d": 1.0}


def test_kinds_take_turns_and_no_photo_comes_twice() -> None:
    a, b, c = photo("a", clip="1"), photo("b", clip="1"), photo("c", clip="2")
    best = {UNSURE: [(0.9, a), (0.8, b)], DISAGREEING: [(0.7, a), (0.6, c)]}
    queue = queue_of(best, 10, per_clip=1)
    assert [(each.photo.image, each.kind) for each in queue] == [("a", UNSURE), ("c", DISAGREEING)]
    assert [each.photo.image for each in queue_of(best, 10, per_clip=2)] == ["a", "c", "b"]
    assert len(queue_of(best, 1, per_clip=2)) == 1
