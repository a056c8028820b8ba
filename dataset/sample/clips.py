"""Clips: which ones a split has, and the frames of each.

A clip is one animal in one mood at one place; its frames are 200 ms apart and nearly
equal, as AI Hub's are. Files and CSVs are written in ``writer``.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image

from dataset.boxes import PixelBox
from dataset.sample.expressions import Expression, varied
from dataset.sample.faces import (
    REACH_DOWN,
    REACH_LEFT,
    REACH_RIGHT,
    REACH_UP,
    Pose,
    draw_face,
)
from dataset.sample.looks import Look, random_look
from dataset.sample.pen import Pen
from dataset.sample.scene import Scene
from dataset.sample.settings import CAT, SPECIES_NAMES, SampleSettings
from schemas.labels import DEFAULT_MOODS
from schemas.splits import EVAL, TRAIN

FRAME_STEP = 6
"""Frame numbers step by 6, as in AI Hub."""
FRAME_MS = 200
"""Milliseconds between frames."""

_SWAY = 0.12
"""Most that the head moves off its place, in head half widths."""
_BOX_SLIP = 0.025
"""Most that a side of the box is off, in head half widths: nobody draws exact boxes."""


class ClipPlan(NamedTuple):
    """What a clip will show.

    ``number`` differs between the clips of a sample and seeds the drawing; ``place`` fixes
    the head's middle as (x, y) shares of the frame, or leaves it to chance.
    """

    name: str
    number: int
    mood: str
    species: str
    portrait: bool
    frames: int
    place: tuple[float, float] | None = None


class Frame(NamedTuple):
    """One upright RGB picture and the box around the head in it."""

    image: Image.Image
    box: PixelBox


def plan_split(settings: SampleSettings, split: str) -> list[ClipPlan]:
    """Returns the split's clips, sorted by name: cats first, moods in random order.

    Within a mood species take turns, and so do landscape and portrait.
    """
    kinds = [
        (mood, SPECIES_NAMES[i % 2], i % 4 in (1, 2))
        for mood, clips in zip(DEFAULT_MOODS, settings.clips(split), strict=True)
        for i in range(clips)
    ]
    first = 1 + (sum(settings.train_clips) if split == EVAL else 0)
    salt = (TRAIN, EVAL).index(split)
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
    """Draws the clip's frames in order; the seed and the clip's number decide everything."""
    rng = np.random.default_rng([settings.seed, plan.number, 1])
    width, height = settings.long_side, settings.short_side
    if plan.portrait:
        width, height = height, width
    look = random_look(plan.species, rng)
    expression = varied(plan.mood, rng)
    scale = settings.short_side * rng.uniform(0.14, 0.25)
    x, y = _middle(width, height, scale, plan.place, rng)
    scene = Scene(width, height, (x, y, scale), look, rng)
    poses = _Motion(x, y, scale, rng)
    for i in range(plan.frames):
        pose = poses.at(i * FRAME_MS / 1000)
        dx, dy = (scene.shake * rng.uniform(-0.25, 0.25, 2)).round().astype(int).tolist()
        canvas = scene.backdrop(dx, dy)
        box = _box(pose, width, height, rng)
        _draw_smoothly(canvas, box, look, expression, pose, scene.light)
        yield Frame(scene.noisy(canvas, rng), box)


class _Motion:
    """Slow swings of the head around its place."""

    def __init__(self, x: float, y: float, scale: float, rng: np.random.Generator) -> None:
        self._x, self._y, self._scale = x, y, scale
        self._rates = rng.uniform(0.08, 0.24, 6)
        """Swings a second, at most 0.04 head half widths from a frame to the next."""
        self._starts = rng.uniform(0, 2 * np.pi, 6)
        self._lean = rng.uniform(-9, 9)

    def at(self, seconds: float) -> Pose:
        swing = np.sin(2 * np.pi * self._rates * seconds + self._starts).tolist()
        return Pose(
            x=self._x + _SWAY * self._scale * swing[0],
            y=self._y + _SWAY * self._scale * swing[1],
            scale=self._scale * (1 + 0.02 * swing[2]),
            roll=self._lean + 3 * swing[3],
            turn=0.1 * swing[4],
            nod=0.04 * swing[5],
            beat=seconds,
        )


def _middle(
    width: int,
    height: int,
    scale: float,
    place: tuple[float, float] | None,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Returns the head's middle so that the box fits into the frame however it moves."""
    room = _SWAY + _BOX_SLIP + 0.04
    low = np.array([REACH_LEFT + room, REACH_UP + room]) * scale
    high = np.array([width, height]) - np.array([REACH_RIGHT + room, REACH_DOWN + room]) * scale
    at = rng.uniform(low, high)
    if place is not None:
        at = np.clip(np.array(place) * (width, height), low, high)
    x, y = at.tolist()
    return x, y


def _box(pose: Pose, width: int, height: int, rng: np.random.Generator) -> PixelBox:
    """Returns the box around the head and its ears, a little off on each side."""
    slip = rng.uniform(-_BOX_SLIP, _BOX_SLIP, 4)
    reach = (np.array([-REACH_LEFT, -REACH_UP, REACH_RIGHT, REACH_DOWN]) + slip) * pose.scale
    edges = np.array([pose.x, pose.y, pose.x, pose.y]) + reach
    left, top, right, bottom = np.clip(edges.round(), 0, (width, height) * 2).astype(int).tolist()
    return PixelBox(top, left, bottom - top, right - left)


def _draw_smoothly(
    canvas: Image.Image,
    box: PixelBox,
    look: Look,
    expression: Expression,
    pose: Pose,
    light: tuple[float, float, float],
) -> None:
    """Draws the face onto ``canvas`` without jagged edges.

    Only the piece around the box is enlarged, drawn on and shrunk again; nearest-neighbour
    enlarging followed by averaging gives untouched pixels back exactly.
    """
    pad = round(0.2 * pose.scale)
    left, top = max(0, box.x - pad), max(0, box.y - pad)
    right = min(canvas.width, box.x + box.width + pad)
    bottom = min(canvas.height, box.y + box.height + pad)
    times = 2 if pose.scale >= 60 else 4
    piece = canvas.crop((left, top, right, bottom))
    large = piece.resize((piece.width * times, piece.height * times), Image.Resampling.NEAREST)
    centre = ((pose.x - left) * times, (pose.y - top) * times)
    pen = Pen(large, centre, pose.scale * times, pose.roll, light)
    draw_face(pen, look, expression, pose)
    canvas.paste(large.reduce(times), (left, top))
