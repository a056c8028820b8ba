"""Risk against coverage: how many answers are wrong if the improbable ones are withheld.

Source: Yonatan Geifman and Ran El-Yaniv, "Selective Classification for Deep Neural Networks",
https://arxiv.org/abs/1705.08500, section 2.
"""

from typing import NamedTuple

from schemas.documents.evaluation import Measures


class Point(NamedTuple):
    """What holds if answers below ``threshold`` are withheld.

    Attributes:
      threshold: a probability.
      coverage: share of the rows that are answered, in [0, 1].
      risk: share of these whose answer is wrong.
    """

    threshold: float
    coverage: float
    risk: float


def curve(metrics: Measures) -> list[Point]:
    """Returns the Evaluator's curve by rising threshold; [] if no row has an answer."""
    points = [
        Point(each["threshold"], each["coverage"], each["risk"])
        for each in metrics["risk_coverage"]
    ]
    return sorted(points, key=lambda point: (point.threshold, -point.coverage))
