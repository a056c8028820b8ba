"""Class weights: rare moods count more, so that the loss does not see the commonest alone."""

import logging
from collections.abc import Sequence

_LOGGER = logging.getLogger(__name__)


def balanced(counts: Sequence[int], moods: Sequence[str]) -> list[float]:
    """Returns ``n / (k * count)`` for each mood: all moods weigh alike in sum.

    n is the number of examples and k the number of moods that have any; a mood that has none
    gets 0 and a warning, for nothing can be learnt of it. Over the examples the weights
    average 1, so the loss keeps its scale. Gary King and Langche Zeng, "Logistic Regression
    in Rare Events Data" (2001), as in scikit-learn's ``class_weight="balanced"``.

    Args:
      counts: examples of each mood in the training split, at least one above 0.
      moods: their names, for the warning.
    """
    present = sum(count > 0 for count in counts)
    absent = [mood for mood, count in zip(moods, counts, strict=True) if count == 0]
    if absent:
        _LOGGER.warning(
            "The training split has no example of %s: class weight 0", ", ".join(absent)
        )
    total = sum(counts)
    return [total / (present * count) if count else 0.0 for count in counts]
