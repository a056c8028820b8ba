"""A photo to be labelled, and what a person has labelled; both tools' forms are made of these."""

from typing import NamedTuple

from dataset.boxes import PixelBox

SKIPPED = "skipped"
NOT_A_RECTANGLE = "not_a_rectangle"
TURNED_PICTURE = "turned_picture"
DISAGREEING_LABELS = "disagreeing_labels"
UNKNOWN_PHOTO = "unknown_photo"


class Task(NamedTuple):
    """A photo of the queue.

    Attributes:
      image: its path as the tool names it, relative to the folder that is given to the tool.
      height, width: of the upright photo, pixels.
      box: that was asked about; None is the whole photo.
      mood: the likeliest one, as a suggestion.
      probability: of that mood.
      kind: why it was chosen.
      score: how much so.
    """

    image: str
    height: int
    width: int
    box: PixelBox | None
    mood: str
    probability: float
    kind: str
    score: float


class Labelled(NamedTuple):
    """A box that a person has drawn, or why there is none.

    Attributes:
      image: as in ``Task``.
      top, left, bottom, right: edges in pixels of the upright photo; of a turned box the edges of
        the upright rectangle around it. 0 where there is a fault.
      label: its name, as the person chose it.
      fault: why there is no box, one of the words above; "" for a box.
    """

    image: str
    top: float = 0.0
    left: float = 0.0
    bottom: float = 0.0
    right: float = 0.0
    label: str = ""
    fault: str = ""
