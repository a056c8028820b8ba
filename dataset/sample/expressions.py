"""The six moods as numbers: what ears, eyes, brows and mouth do in each.

The cues follow what owners go by: ear set, eye opening, lids and pupils, bared teeth.
How they are drawn is in ``ears``, ``eyes`` and ``mouths``; coats, which say nothing about
the mood, are in ``looks``.
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
    """Shut, the lids an arch."""
    RESTING = enum.auto()
    """Shut, the lids a bowl."""


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
    """A mood's face. Angles in degrees, lengths in head half widths, shares in [0, 1].

    Attributes:
      ear_angle: of an upright ear: 0 straight up, 90 level outwards, 150 hanging.
      flop_angle: of a floppy ear, in the same terms.
      ear_length, ear_width: factors on the species' ear.
      eyes: their kind; the next six are for open ones only.
      eye_size: radius.
      openness: share of the eye that the upper lid leaves free.
      lid_slant: of the upper lid; above 0 the inner corner is the lower one.
      iris: its radius as a share of the eye's.
      pupil: its radius as a share of the iris.
      round_pupil: whether a cat's pupil is round, from fright or grief, and not a slit.
      brow_slant: above 0 the inner end is the lower one.
      brow_lift: height above the eye's middle.
      brow_weight: thickness; 0 draws none.
      mouth: its kind.
      mouth_size: factor.
      whisker_angle: above 0 they hang.
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


def varied(mood: str, rng: np.random.Generator) -> Expression:
    """Returns the mood's face as one animal makes it: angles by up to 7, sizes by 8 %."""
    plain = EXPRESSIONS[mood]

    def near(value: float, by: float) -> float:
        return value + by * float(rng.uniform(-1, 1))

    return dataclasses.replace(
        plain,
        ear_angle=near(plain.ear_angle, 7),
        flop_angle=near(plain.flop_angle, 7),
        ear_length=near(plain.ear_length, 0.08),
        ear_width=near(plain.ear_width, 0.08),
        eye_size=near(plain.eye_size, 0.02),
        lid_slant=near(plain.lid_slant, 3),
        brow_slant=near(plain.brow_slant, 4),
        mouth_size=near(plain.mouth_size, 0.08),
        whisker_angle=near(plain.whisker_angle, 5),
    )
