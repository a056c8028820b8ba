"""How well a locator finds animals, and whether it goes into the servable."""

from typing import TypedDict


class LocatorCheck(TypedDict):
    """One rule of the locator's gate: its figure, its limit, and both in words."""

    check: str
    passed: bool
    value: float | None
    limit: float
    message: str


class LocatorSlice(TypedDict):
    """Scores on photos that share a value, such as ``species=CAT``."""

    scenes: int
    found_share: float
    mean_iou: float


class LocatorScores(TypedDict):
    """``LOCATOR_JSON``: a locator judged on photos of the eval split.

    Attributes:
      scenes: photos; "best" below is the place of the highest score in a photo.
      animals: labelled animals in them.
      found_share: share of photos in which the best place scores at least ``min_score``, and fits
        a labelled box with an IoU of at least ``min_iou``; None without photos.
      placed_share: the same whatever the score.
      mean_iou: of the best place with the label that it fits best.
      extra_finds: other places in a photo that score at least ``min_score`` and fit no label.
      empty_pictures: background beside the boxes, cut out of the same photos.
      false_share: share of these in which an animal is found; None without any.
      auroc: area under the ROC curve of the best scores of photos against those of
        ``empty_pictures``.
      min_iou, min_score: the settings of these names.
      slices: by species and box size (the share of the photo's area).
      checks: the gate's rules.
      passed: whether all hold, so that the servable has the locator.
    """

    scenes: int
    animals: int
    found_share: float | None
    placed_share: float | None
    mean_iou: float | None
    extra_finds: float | None
    empty_pictures: int
    false_share: float | None
    auroc: float | None
    min_iou: float
    min_score: float
    slices: dict[str, LocatorSlice]
    checks: list[LocatorCheck]
    passed: bool
