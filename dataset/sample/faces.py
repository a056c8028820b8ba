"""Draws a whole face: an animal's appearance with a mood's expression, in a pose.

``ears``, ``eyes`` and ``mouths`` draw the parts that depend on the mood; ``clips`` decides where
the face is in the frame.
"""

import math
from typing import NamedTuple

import numpy as np

from dataset.sample.appearance import LINE, Appearance
from dataset.sample.ears import draw_ears
from dataset.sample.expressions import Expression, Mouth
from dataset.sample.eyes import draw_eyes
from dataset.sample.mouths import draw_mouth
from dataset.sample.pen import Colour, Pen, arc

REACH_LEFT = REACH_RIGHT = 1.45
REACH_UP, REACH_DOWN = 1.55, 1.2
"""Distances of the box's sides from the head's centre, in head half widths. They are the same for
all moods, with room for any mood's ears, so that the box carries no information about the mood."""

_PINK: Colour = (214, 110, 116)
_BLACK: Colour = (34, 28, 32)


class Pose(NamedTuple):
    """Position and pose of a face in one frame.

    Attributes:
      x, y: centre of the head, pixels of the frame.
      scale: half width of the head, pixels.
      roll: tilt of the head, degrees clockwise.
      turn, nod: horizontal and vertical offset of eyes, nose and mouth, head half widths.
      seconds: since the clip began.
    """

    x: float
    y: float
    scale: float
    roll: float
    turn: float
    nod: float
    seconds: float


def draw_face(pen: Pen, appearance: Appearance, expression: Expression, pose: Pose) -> None:
    """Draws the head with all its parts.

    Args:
      pen: with its origin at the head's centre.
      appearance: of the animal.
      expression: of its mood.
      pose: only ``turn``, ``nod`` and ``seconds`` are used; the pen has the rest.
    """
    behind = pen.moved(-0.3 * pose.turn, -0.3 * pose.nod)
    front = pen.moved(pose.turn, pose.nod)
    if not appearance.floppy:
        draw_ears(behind, appearance, expression)
    pen.fill(appearance.outline, appearance.coat)
    pen.hairs(appearance.hair_roots, appearance.hair_tips, appearance.mark)
    _draw_markings(front, appearance)
    if appearance.floppy:
        draw_ears(behind, appearance, expression)
    eye_line, nose = (-0.1, 0.26) if appearance.is_cat else (-0.2, 0.2)
    _draw_muzzle(front, appearance)
    draw_eyes(front.moved(0, eye_line), appearance, expression, pose.seconds)
    snout = front.moved(0.35 * pose.turn, nose + 0.35 * pose.nod)
    draw_mouth(snout.moved(0, 0.2), appearance, expression, pose.seconds)
    _draw_nose(snout, appearance, expression)
    if appearance.is_cat:
        _draw_whiskers(snout.moved(0, 0.1), expression.whisker_angle)


def _draw_markings(pen: Pen, appearance: Appearance) -> None:
    """Draws the animal's markings: forehead stripes or blaze, eye patch, cheek stripes."""
    stripes, patch, cheeks = appearance.has_markings
    if patch:
        pen.disc(0.42, -0.16, 0.4, 0.36, appearance.patch)
    if stripes and appearance.is_cat:
        for x in (-0.2, 0.0, 0.2):
            pen.stroke(np.array([(x, -0.78), (0.7 * x, -0.56)]), 0.07, appearance.mark)
    elif stripes:
        pen.disc(0, -0.42, 0.14, 0.44, appearance.pale)
    if cheeks and appearance.is_cat:
        for side in (-1, 1):
            for y in (0.2, 0.36):
                pen.stroke(
                    np.array([(side * 0.98, y), (side * 0.8, y + 0.05)]), 0.06, appearance.mark
                )


def _draw_muzzle(pen: Pen, appearance: Appearance) -> None:
    if appearance.is_cat:
        for side in (-1, 1):
            pen.disc(side * 0.2, 0.5, 0.3, 0.24, appearance.pale)
        pen.disc(0, 0.66, 0.3, 0.18, appearance.pale)
    else:
        pen.disc(0, 0.46, 0.56, 0.48, appearance.pale)
        pen.disc(0, 0.16, 0.3, 0.3, appearance.pale)


def _draw_nose(pen: Pen, appearance: Appearance, expression: Expression) -> None:
    if appearance.is_cat:
        pen.fill(np.array([(-0.13, -0.03), (0.13, -0.03), (0.03, 0.11), (-0.03, 0.11)]), _PINK)
    else:
        pen.disc(0, 0.02, 0.22, 0.15, _BLACK)
        pen.disc(-0.07, -0.04, 0.05, 0.03, (150, 146, 150))
    pen.stroke(np.array([(0, 0.1), (0, 0.2)]), 0.04, LINE)
    if expression.mouth is Mouth.SNARL:
        for side in (-1, 1):
            for lift in (0.0, 0.12):
                fold = arc(side * 0.27, 0.02 - lift, 0.13, 0.1, 200, 340, 8)
                pen.stroke(fold, 0.035, LINE)


def _draw_whiskers(pen: Pen, angle: float) -> None:
    for side in (-1, 1):
        for spread in (-13, 0, 13):
            slant = math.radians(angle + spread)
            root = np.array([side * 0.34, 0.004 * spread])
            tip = root + np.array([side * math.cos(slant), math.sin(slant)]) * 0.72
            pen.stroke(np.stack([root, tip]), 0.022, (252, 252, 250))
