"""A whole face: one animal's look with one mood's expression, in one pose.

The parts that tell the mood are in ``ears``, ``eyes`` and ``mouths``; where the face is in
the frame is the business of ``scene``.
"""

import math
from typing import NamedTuple

import numpy as np

from dataset.sample.ears import draw_ears
from dataset.sample.expressions import Expression, Mouth
from dataset.sample.eyes import draw_eyes
from dataset.sample.looks import LINE, Look
from dataset.sample.mouths import draw_mouth
from dataset.sample.pen import Colour, Pen, arc

REACH_LEFT = REACH_RIGHT = 1.45
REACH_UP, REACH_DOWN = 1.55, 1.2
"""How far the box goes from the head's middle, in head half widths: room for any mood's
ears, and the same for all moods, so that the box tells nothing."""

_PINK: Colour = (214, 110, 116)
_BLACK: Colour = (34, 28, 32)


class Pose(NamedTuple):
    """Where a face is and how it is held.

    ``x`` and ``y`` are the head's middle in pixels of the frame, ``scale`` the head's half
    width in pixels, ``roll`` its tilt in degrees (clockwise), ``turn`` and ``nod`` how far
    the features are off the middle in head half widths, ``beat`` the seconds since the
    clip began.
    """

    x: float
    y: float
    scale: float
    roll: float
    turn: float
    nod: float
    beat: float


def draw_face(pen: Pen, look: Look, expression: Expression, pose: Pose) -> None:
    """Draws the head and all that is on it.

    Args:
      pen: with its origin in the head's middle.
      look: the animal.
      expression: its mood.
      pose: only ``turn``, ``nod`` and ``beat`` are used; the pen knows the rest.
    """
    behind = pen.moved(-0.3 * pose.turn, -0.3 * pose.nod)
    front = pen.moved(pose.turn, pose.nod)
    if not look.floppy:
        draw_ears(behind, look, expression)
    pen.fill(look.outline, look.coat)
    pen.hairs(look.hair_roots, look.hair_tips, look.mark)
    _draw_markings(front, look)
    if look.floppy:
        draw_ears(behind, look, expression)
    eye_line, nose = (-0.1, 0.26) if look.is_cat else (-0.2, 0.2)
    _draw_muzzle(front, look)
    draw_eyes(front.moved(0, eye_line), look, expression, pose.beat)
    snout = front.moved(0.35 * pose.turn, nose + 0.35 * pose.nod)
    draw_mouth(snout.moved(0, 0.2), look, expression, pose.beat)
    _draw_nose(snout, look, expression)
    if look.is_cat:
        _draw_whiskers(snout.moved(0, 0.1), expression.whisker_angle)


def _draw_markings(pen: Pen, look: Look) -> None:
    """Draws what the animal has of: forehead stripes or blaze, eye patch, cheek stripes."""
    stripes, patch, cheeks = look.marked
    if patch:
        pen.disc(0.42, -0.16, 0.4, 0.36, look.patch)
    if stripes and look.is_cat:
        for x in (-0.2, 0.0, 0.2):
            pen.stroke(np.array([(x, -0.78), (0.7 * x, -0.56)]), 0.07, look.mark)
    elif stripes:
        pen.disc(0, -0.42, 0.14, 0.44, look.pale)
    if cheeks and look.is_cat:
        for side in (-1, 1):
            for y in (0.2, 0.36):
                pen.stroke(np.array([(side * 0.98, y), (side * 0.8, y + 0.05)]), 0.06, look.mark)


def _draw_muzzle(pen: Pen, look: Look) -> None:
    if look.is_cat:
        for side in (-1, 1):
            pen.disc(side * 0.2, 0.5, 0.3, 0.24, look.pale)
        pen.disc(0, 0.66, 0.3, 0.18, look.pale)
    else:
        pen.disc(0, 0.46, 0.56, 0.48, look.pale)
        pen.disc(0, 0.16, 0.3, 0.3, look.pale)


def _draw_nose(pen: Pen, look: Look, expression: Expression) -> None:
    if look.is_cat:
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
