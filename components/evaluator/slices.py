"""Slices of the rows: by mood, species, size of the box, brightness and action."""

import re

BOX_SIZES = (0.05, 0.2, 0.5)
"""Edges between the slices by box size: shares of the photo's area."""
BRIGHTNESSES = (0.25, 0.5, 0.75)
"""Edges between the slices by brightness: mean grey levels of the view, [0, 1]."""

_ACTION = re.compile(r"(?:^|[_/])(?:cat|dog)-([a-z]+)-\d+(?:\.mp4)?$", re.IGNORECASE)


def band(value: float, edges: tuple[float, ...]) -> str:
    """Returns the half-open band that a value lies in, such as "0.05-0.2", "<0.05" or ">=0.5"."""
    above = sum(value >= edge for edge in edges)
    if above == 0:
        return f"<{edges[0]:g}"
    if above == len(edges):
        return f">={edges[-1]:g}"
    return f"{edges[above - 1]:g}-{edges[above]:g}"


def action_of(clip: str) -> str | None:
    """Returns the animal's action by AI Hub's name of the clip; None for other names.

    Args:
      clip: such as ``cat-sitdown-014540`` or ``20201028_dog-walkrun-000156.mp4``.
    """
    match = _ACTION.search(clip)
    return match[1].lower() if match else None
