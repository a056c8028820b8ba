"""Plans the clips of a split, and draws the frames of a clip.

A clip shows one animal in one mood at one place. Its frames are 200 ms apart and nearly equal,
like those of AI Hub. ``writer`` writes the files and CSVs.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image

from dataset.boxes import PixelBox
from dataset.sample.appearance import Appearance, random_appearance
from dataset.sample.expressions import Expression, random_expression
from dataset.sample.faces import (
    REACH_DOWN,
    REACH_LEFT,
    REACH_RIGHT,
    REACH_UP,
    Pose,
    draw_face,
)
from dataset.sample.pen import Pen
from dataset.sample.scene import Scene
from dataset.sample.settings import CAT, SPECIES_NAMES, SampleSettings
from schemas.labels import DEFAULT_MOODS
from schemas.splits import EVAL, TRAIN, VALIDATION

FRAME_STEP = 6
"""Difference of the numbers of successive frames, as in AI Hub."""
FRAME_MS = 200
"""Milliseconds between frames."""

_SPLITS = (TRAIN, EVAL, VALIDATION)
"""In the order of their clips' numbers: the last came later, and changed no frame of the others."""
_SWAY = 0.12
"""Largest distance of the head from its centre position, in head half widths."""
_BOX_JITTER = 0.025
"""Largest error of a side of the box, in head half widths, because nobody draws exact boxes."""


class ClipPlan(NamedTuple):
    """Plan of a clip.

    Attributes:
      name: of the clip.
      number: differs between the clips of a sample, and seeds the drawing.
      mood: of the animal.
      species: ``CAT`` or ``DOG``.
      portrait: whether the frames are higher than wide.
      frames: number of frames.
      head_position: centre of the head as (x, y) shares of the frame; None draws it at random.
    """

    name: str
    number: int
    mood: str
    species: str
    portrait: bool
    frames: int
    head_position: tuple[float, float] | None = None


class Frame(NamedTuple):
    """An upright RGB image and the box around the head."""

    image: Image.Image
    box: PixelBox


def plan_split(settings: SampleSettings, split: str) -> list[ClipPlan]:
    """Plans the split's clips, sorted by name: cats first, moods in random order.

    The clips of a mood alternate between the species, and between landscape and portrait.
    """
    kinds = [
        (mood, SPECIES_NAMES[i % 2], i % 4 in (1, 2))
        for mood, clips in zip(DEFAULT_MOODS, settings.clips(split), strict=True)
        for i in range(clips)
    ]
    salt = _SPLITS.index(split)
    first = 1 + sum(sum(settings.clips(before)) for before in _SPLITS[:salt])
    numbers = first + np.random.default_rng([settings.seed, salt]).permutation(len(kinds))
    plans = [
        ClipPlan(
            name=f"{species.lower()}-sample-{number:06d}",
            number=number,
            mood=mood,
            species=species,
            portrait=portrait,
            frames=settings.frames_per_clip,
        )
        for number, (mood, species, portrait) in zip(numbers.tolist(), kinds, strict=True)
    ]
    return sorted(plans, key=lambda plan: (plan.species != CAT, plan.name))


def draw_clip(plan: ClipPlan, settings: SampleSettings) -> Iterator[Frame]:
    """Draws the clip's frames in order; they depend on the seed and the clip's number only."""
    rng = np.random.default_rng([settings.seed, plan.number, 1])
    width, height = settings.long_side, settings.short_side
    if plan.portrait:
        width, height = height, width
    appearance = random_appearance(plan.species, rng)
    expression = random_expression(plan.mood, rng)
    scale = settings.short_side * rng.uniform(0.14, 0.25)
    x, y = _head_centre(width, height, scale, plan.head_position, rng)
    scene = Scene(width, height, (x, y, scale), appearance, rng)
    motion = _Motion(x, y, scale, rng)
    for i in range(plan.frames):
        pose = motion.pose_at(i * FRAME_MS / 1000)
        dx, dy = (scene.shake * rng.uniform(-0.25, 0.25, 2)).round().astype(int).tolist()
        canvas = scene.backdrop(dx, dy)
        box = _box(pose, width, height, rng)
        _draw_antialiased(canvas, box, appearance, expression, pose, scene.light)
        yield Frame(scene.with_noise(canvas, rng), box)


class _Motion:
    """Slow swings of the head around its centre position."""

    def __init__(self, x: float, y: float, scale: float, rng: np.random.Generator) -> None:
        self._x, self._y, self._scale = x, y, scale
        self._rates = rng.uniform(0.08, 0.24, 6)
        """Swings per second; the head moves at most 0.04 half widths between two frames."""
        self._starts = rng.uniform(0, 2 * np.pi, 6)
        self._lean = rng.uniform(-9, 9)

    def pose_at(self, seconds: float) -> Pose:
        swing = np.sin(2 * np.pi * self._rates * seconds + self._starts).tolist()
        return Pose(
            x=self._x + _SWAY * self._scale * swing[0],
            y=self._y + _SWAY * self._scale * swing[1],
            scale=self._scale * (1 + 0.02 * swing[2]),
            roll=self._lean + 3 * swing[3],
            turn=0.1 * swing[4],
            nod=0.04 * swing[5],
            seconds=seconds,
        )


def _head_centre(
    width: int,
    height: int,
    scale: float,
    position: tuple[float, float] | None,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Returns a centre of the head for which the box stays in the frame during the whole clip."""
    room = _SWAY + _BOX_JITTER + 0.04
    low = np.array([REACH_LEFT + room, REACH_UP + room]) * scale
    high = np.array([width, height]) - np.array([REACH_RIGHT + room, REACH_DOWN + room]) * scale
    centre = rng.uniform(low, high)
    if position is not None:
        centre = np.clip(np.array(position) * (width, height), low, high)
    x, y = centre.tolist()
    return x, y


def _box(pose: Pose, width: int, height: int, rng: np.random.Generator) -> PixelBox:
    """Returns the box around the head and its ears, with a small error on each side."""
    jitter = rng.uniform(-_BOX_JITTER, _BOX_JITTER, 4)
    reach = (np.array([-REACH_LEFT, -REACH_UP, REACH_RIGHT, REACH_DOWN]) + jitter) * pose.scale
    edges = np.array([pose.x, pose.y, pose.x, pose.y]) + reach
    left, top, right, bottom = np.clip(edges.round(), 0, (width, height) * 2).astype(int).tolist()
    return PixelBox(top, left, bottom - top, right - left)


def _draw_antialiased(
    canvas: Image.Image,
    box: PixelBox,
    appearance: Appearance,
    expression: Expression,
    pose: Pose,
    light: tuple[float, float, float],
) -> None:
    """Draws the face onto ``canvas`` without jagged edges.

    Only the region around the box is enlarged, drawn on and shrunk again. Pixels that are not
    drawn on stay exactly the same, because they are enlarged by repetition and shrunk by
    averaging.
    """
    pad = round(0.2 * pose.scale)
    left, top = max(0, box.x - pad), max(0, box.y - pad)
    right = min(canvas.width, box.x + box.width + pad)
    bottom = min(canvas.height, box.y + box.height + pad)
    factor = 2 if pose.scale >= 60 else 4
    region = canvas.crop((left, top, right, bottom))
    large = region.resize((region.width * factor, region.height * factor), Image.Resampling.NEAREST)
    centre = ((pose.x - left) * factor, (pose.y - top) * factor)
    pen = Pen(large, centre, pose.scale * factor, pose.roll, light)
    draw_face(pen, appearance, expression, pose)
    canvas.paste(large.reduce(factor), (left, top))
