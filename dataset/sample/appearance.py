"""Appearance of one animal, independent of its mood: coat, markings, kind of ears, fur.

Everything here has the same distribution for every mood, so that it carries no information
about the mood.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dataset.sample.pen import Colour, Points, arc
from dataset.sample.settings import CAT

LINE: Colour = (38, 28, 30)
"""Colour of lids, lips and brows. Every coat is lighter, so that they are visible."""

_COATS: tuple[Colour, ...] = (
    (222, 150, 84),
    (236, 214, 180),
    (172, 168, 170),
    (158, 118, 84),
    (240, 238, 234),
    (128, 138, 154),
    (206, 172, 118),
    (142, 126, 116),
)
_IRISES: tuple[Colour, ...] = ((226, 170, 44), (120, 172, 70), (96, 160, 206), (164, 106, 48))


@dataclass(frozen=True, eq=False)
class Appearance:
    """One animal.

    Attributes:
      species: ``CAT`` or ``DOG``.
      coat, pale, mark, patch: colours of the fur, the muzzle, the markings, an eye patch.
      inner_ear, iris: colours.
      floppy: whether the ears hang in every mood; dogs only.
      has_markings: whether it has forehead stripes or a blaze, an eye patch, cheek stripes.
      outline: edge of the head with its tufts.
      hair_roots, hair_tips: ends of the short hairs on the head, float64[n, 2].
    """

    species: str
    coat: Colour
    pale: Colour
    mark: Colour
    patch: Colour
    inner_ear: Colour
    iris: Colour
    floppy: bool
    has_markings: tuple[bool, bool, bool]
    outline: Points
    hair_roots: Points
    hair_tips: Points

    @property
    def is_cat(self) -> bool:
        """Whether the animal is a cat."""
        return self.species == CAT


def random_appearance(species: str, rng: np.random.Generator) -> Appearance:
    """Returns a random animal of the species."""
    coat = np.array(_COATS[rng.integers(len(_COATS))])
    base = coat + rng.uniform(-14, 14) + rng.uniform(-5, 5, 3)
    rx, ry = (1.0, 0.88) if species == CAT else (0.9, 0.98)
    spread = np.sqrt(rng.uniform(0.0, 0.9, 150))
    angles = rng.uniform(0, 2 * np.pi, 150)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    roots = directions * spread[:, None] * (rx * 0.94, ry * 0.94)
    return Appearance(
        species=species,
        coat=_colour(base),
        pale=_colour(base + (255 - base) * 0.62),
        mark=_colour(base * 0.72),
        patch=_colour(base * 0.86),
        inner_ear=_colour(np.array([226, 150, 146]) + rng.uniform(-14, 14, 3)),
        iris=_IRISES[rng.integers(len(_IRISES))],
        floppy=species != CAT and bool(rng.random() < 0.6),
        has_markings=(bool(rng.random() < 0.5), bool(rng.random() < 0.5), bool(rng.random() < 0.4)),
        outline=_outline(rx, ry, species, rng),
        hair_roots=roots,
        hair_tips=roots + directions * rng.uniform(0.05, 0.12, (150, 1)),
    )


def _outline(rx: float, ry: float, species: str, rng: np.random.Generator) -> Points:
    """Returns an ellipse with ragged fur, wider at a cat's cheeks."""
    n = 120
    edge = arc(0, 0, rx, ry, 0, 360 * (n - 1) / n, n)
    tufts = 1 + rng.uniform(0, 0.012, n) + 0.02 * (np.arange(n) % 3 == 0)
    low = np.clip(edge[:, 1] / ry, 0, 1)
    cheeks = 1 + (0.16 if species == CAT else 0.05) * low * np.abs(edge[:, 0] / rx)
    return np.asarray(edge * (tufts * cheeks)[:, None])


def _colour(values: npt.NDArray[np.float64]) -> Colour:
    red, green, blue = np.clip(values, 0, 255).astype(int).tolist()
    return red, green, blue
