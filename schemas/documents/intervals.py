"""Intervals of scores, and what they are drawn from."""

from typing import Literal, TypedDict

Interval = list[float] | None
"""[low, high], 95 %; None where there are fewer than two animals or clips to draw from."""


ResamplingUnit = Literal["groups", "clips", "groups_and_clips"]


class Resampling(TypedDict):
    """How the intervals were computed.

    Attributes:
      of: what was drawn: "groups" (animals), "clips" where no row names its animal, or
        "groups_and_clips".
      units: number of them, or of pools of them.
      level: of the intervals, 0.95.
      draws: number of draws, such as 2000.
    """

    of: ResamplingUnit
    units: int
    level: float
    draws: int
