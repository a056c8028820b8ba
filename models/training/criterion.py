"""The one figure that decides: which epoch is kept, when the rate falls, when the training ends."""

from typing import Any

from models.settings.training import TrainSettings


def monitor(settings: TrainSettings) -> str:
    """Returns the figure's name in the training's logs; higher is better."""
    return f"val_{settings.checkpoint_metric}"


def of(settings: TrainSettings) -> dict[str, Any]:
    """Returns the arguments by which Keras' callbacks watch the figure.

    A rise by ``min_gain`` or less is noise: it does not count as one. The validation loss is not
    watched. It is that of all rows alike, while the training weights the moods, so that it rises
    while macro-F1 still rises; it also rises as the network grows more certain of its answers.
    """
    return {"monitor": monitor(settings), "mode": "max", "min_delta": settings.min_gain}
