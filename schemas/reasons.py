"""Reasons to refuse a row. The rejects table, the counters and the report use these names."""

import enum


class RejectReason(str, enum.Enum):
    """Reasons of refusal; a row gets the first that applies, in this order."""

    UNKNOWN_LABEL = "unknown_label"
    """The mood is not in the label map."""
    BOX_MALFORMED = "box_malformed"
    """The box is not four integers."""
    BOX_NEGATIVE = "box_negative"
    """A coordinate or a side is below 0."""
    BOX_EMPTY = "box_empty"
    """A side is 0."""
    DUPLICATE_ROW = "duplicate_row"
    """An earlier row has the same photo and box."""
    IMAGE_MISSING = "image_missing"
    """The photo's file does not exist or cannot be opened."""
    NOT_AN_IMAGE = "not_an_image"
    """The file is not an image in a known format."""
    IMAGE_TOO_LARGE = "image_too_large"
    """The photo has more pixels than the set limit."""
    BOX_OUTSIDE_IMAGE = "box_outside_image"
    """The box reaches past the upright photo's edge."""
    BOX_TOO_SMALL = "box_too_small"
    """A side of the box is under the set limit."""
    IMAGE_TRUNCATED = "image_truncated"
    """The photo has a sound header and cannot be decoded to its end."""
    TOO_DARK = "too_dark"
    """The view is darker than the set limit."""
    TOO_BRIGHT = "too_bright"
    """The view is brighter than the set limit."""
    LOW_CONTRAST = "low_contrast"
    """The view has less contrast than the set limit."""
    BLURRED = "blurred"
    """The view is less sharp than the set limit."""


QUALITY_REASONS = (
    RejectReason.TOO_DARK,
    RejectReason.TOO_BRIGHT,
    RejectReason.LOW_CONTRAST,
    RejectReason.BLURRED,
)
"""Reasons to refuse rows that could be used, given only where a limit is set."""
FAULTS = tuple(reason for reason in RejectReason if reason not in QUALITY_REASONS)
"""Reasons to refuse rows that cannot be used."""


REJECT_COLUMNS = ("split", "source", "line", "image", "reason", "detail")
"""Columns of the rejects table."""
