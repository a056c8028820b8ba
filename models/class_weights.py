"""Class weights: rare moods count more, so that the loss does not see the commonest alone."""

import logging
from collections.abc import Sequence

from models.hparams import CLASS_WEIGHTS, TrainSettings

_LOGGER = logging.getLogger(__name__)


def of(settings: TrainSettings, counts: Sequence[int], moods: Sequence[str]) -> list[float]:
    """Returns each mood's weight under the settings: all 1 where another method is chosen."""
    if settings.imbalance != CLASS_WEIGHTS:
        return [1.0] * len(counts)
    return balanced(counts, moods, settings.class_weight_cap)


def balanced(counts: Sequence[int], moods: Sequence[str], cap: float) -> list[float]:
    """Returns ``min(cap, n / (k * count))`` for each mood: below the cap all weigh alike in sum.

    n is the number of examples and k the number of moods that have any; a mood that has none
    gets 0 and a warning, for nothing can be learnt of it. Where nothing is capped, the weights
    average 1 over the examples, so the loss keeps its scale. Gary King and Langche Zeng,
    "Logistic Regression in Rare Events Data" (2001), as in scikit-learn's
    ``class_weight="balanced"``. The cap is there because a mood that weighs 74, as AI Hub's
    rarest would, makes the gradient of a batch that of one picture.

    Args:
      counts: examples of each mood in the training split, at least one above 0.
      moods: their names, for the warning.
      cap: the highest weight, >= 1.
    """
    present = sum(count > 0 for count in counts)
    absent = [mood for mood, count in zip(moods, counts, strict=True) if count == 0]
    if absent:
        _LOGGER.warning(
            "The training split has no example of %s: class weight 0", ", ".join(absent)
        )
    total = sum(counts)
    return [min(cap, total / (present * count)) if count else 0.0 for count in counts]
