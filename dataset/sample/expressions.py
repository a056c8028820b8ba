"""Expressions of the six moods as numbers for ears, eyes, brows and mouth.

The cues are those that owners use: ear position, eye opening, lids and pupils, bared teeth.
``ears``, ``eyes`` and ``mouths`` draw them. ``appearance`` has the coats, which do not depend on
the mood.
"""

import dataclasses
import enum
from dataclasses import dataclass

import numpy as np

from schemas.labels import DEFAULT_MOODS


class Eyes(enum.Enum):
    """Kinds of eyes."""

    OPEN = enum.auto()
    LAUGHING = enum.auto()
    """Shut, with the lids as an arch."""
    RESTING = enum.auto()
    """Shut, with the lids as a bowl."""


class Mouth(enum.Enum):
    """Kinds of mouths."""

    GRIN = enum.auto()
    CALM = enum.auto()
    TREMBLE = enum.auto()
    SNARL = enum.auto()
    FROWN = enum.auto()
    DROOP = enum.auto()


@dataclass(frozen=True)
class Expression:
    """Face of a mood. Angles in degrees, lengths in head half widths, shares in [0, 1].

    Attributes:
      ear_angle: of a pointed ear: 0 is straight up, 90 sideways, 150 hanging.
      flop_angle: of a floppy ear, measured in the same way.
      ear_length, ear_width: factors on the size of the species' ears.
      eyes: kind of eyes; the next six attributes are for open eyes only.
      eye_size: radius.
      openness: share of the eye that the upper lid does not cover.
      lid_slant: of the upper lid; above 0 the inner corner is the lower one.
      iris: radius of the iris as a share of the eye's.
      pupil: radius of the pupil as a share of the iris'.
      round_pupil: whether a cat's pupil is round, from fright or grief, instead of a slit.
      brow_slant: above 0 the inner end is the lower one.
      brow_lift: height above the eye's centre.
      brow_weight: thickness; 0 draws no brows.
      mouth: kind of mouth.
      mouth_size: factor on its size.
      whisker_angle: above 0 the whiskers hang.
      blush, tears, furrows: extra marks of joy, grief and anger.
    """

    ear_angle: float
    flop_angle: float
    eyes: Eyes
    mouth: Mouth
    ear_length: float = 1.0
    ear_width: float = 1.0
    eye_size: float = 0.26
    openness: float = 1.0
    lid_slant: float = 0.0
    iris: float = 0.8
    pupil: float = 0.6
    round_pupil: bool = False
    brow_slant: float = 0.0
    brow_lift: float = 0.36
    brow_weight: float = 0.0
    mouth_size: float = 1.0
    whisker_angle: float = 5.0
    blush: bool = False
    tears: bool = False
    furrows: bool = False


ANGRY, FEARFUL, HAPPY, CALM, AGGRESSIVE, SAD = DEFAULT_MOODS

EXPRESSIONS = {
    ANGRY: Expression(
        ear_angle=84, flop_angle=104, eyes=Eyes.OPEN, mouth=Mouth.FROWN,
        openness=0.56, lid_slant=20, pupil=0.5, brow_slant=24, brow_lift=0.2,
        brow_weight=0.13, whisker_angle=-4, furrows=True,
    ),
    FEARFUL: Expression(
        ear_angle=116, flop_angle=160, eyes=Eyes.OPEN, mouth=Mouth.TREMBLE,
        ear_length=0.72, ear_width=0.62, eye_size=0.35, iris=0.46, pupil=0.42, round_pupil=True,
        brow_slant=-14, brow_lift=0.5, brow_weight=0.05, whisker_angle=24,
    ),
    HAPPY: Expression(
        ear_angle=6, flop_angle=92, eyes=Eyes.LAUGHING, mouth=Mouth.GRIN,
        ear_length=1.08, whisker_angle=-14, blush=True,
    ),
    CALM: Expression(
        ear_angle=30, flop_angle=146, eyes=Eyes.RESTING, mouth=Mouth.CALM,
    ),
    AGGRESSIVE: Expression(
        ear_angle=54, flop_angle=122, eyes=Eyes.OPEN, mouth=Mouth.SNARL,
        ear_length=0.86, ear_width=0.66, openness=0.68, lid_slant=30, iris=0.74, pupil=0.3,
        brow_slant=34, brow_lift=0.26, brow_weight=0.15, whisker_angle=-24, furrows=True,
    ),
    SAD: Expression(
        ear_angle=142, flop_angle=170, eyes=Eyes.OPEN, mouth=Mouth.DROOP,
        ear_length=1.05, ear_width=0.85, eye_size=0.28, openness=0.84, lid_slant=-18,
        iris=0.9, pupil=0.72, round_pupil=True, brow_slant=-30, brow_lift=0.44, brow_weight=0.1,
        whisker_angle=34, tears=True,
    ),
}  # fmt: skip


def random_expression(mood: str, rng: np.random.Generator) -> Expression:
    """Returns one animal's variant of the mood's face: angles differ by up to 7, sizes by 8 %."""
    typical = EXPRESSIONS[mood]

    def near(value: float, max_difference: float) -> float:
        return value + max_difference * float(rng.uniform(-1, 1))

    return dataclasses.replace(
        typical,
        ear_angle=near(typical.ear_angle, 7),
        flop_angle=near(typical.flop_angle, 7),
        ear_length=near(typical.ear_length, 0.08),
        ear_width=near(typical.ear_width, 0.08),
        eye_size=near(typical.eye_size, 0.02),
        lid_slant=near(typical.lid_slant, 3),
        brow_slant=near(typical.brow_slant, 4),
        mouth_size=near(typical.mouth_size, 0.08),
        whisker_angle=near(typical.whisker_angle, 5),
    )
