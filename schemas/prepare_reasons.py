"""Why ``dataset.prepare`` refuses a label file or a frame, and the columns of its rejects table.

A frame that is annotated and has no image is normal in AI Hub's data: it is counted in the
summary and is no reject.
"""

import enum


class PrepareReason(str, enum.Enum):
    """One reason a label file or a frame; the first that applies, in this order."""

    UNEXPECTED_ENTRY = "unexpected_entry"
    """Below ``labels`` lies something other than ``<folder>/<clip>.json``."""
    NAME_UNUSABLE = "name_unusable"
    """The path is not UTF-8 or has control characters: it does not belong into a CSV."""
    JSON_UNREADABLE = "json_unreadable"
    """The label file cannot be opened or read."""
    JSON_EMPTY = "json_empty"
    """The label file has no content."""
    JSON_MALFORMED = "json_malformed"
    """The label file is no JSON in UTF-8, or is cut off."""
    JSON_NOT_OBJECT = "json_not_object"
    """The label file is JSON, and not an object."""
    KEY_MISSING = "key_missing"
    """A key that is needed is absent or null."""
    VALUE_MALFORMED = "value_malformed"
    """A value that is needed has the wrong type or makes no sense."""
    SPECIES_MISMATCH = "species_mismatch"
    """The metadata's species is not that of the folder."""
    UNKNOWN_LABEL = "unknown_label"
    """The mood is not in the label map."""
    CLIP_WITHOUT_FRAMES = "clip_without_frames"
    """The list of annotations is empty."""
    IMAGE_FOLDER_MISSING = "image_folder_missing"
    """There is no image folder beside the label file, or it cannot be listed."""
    CLIP_IN_BOTH_SPLITS = "clip_in_both_splits"
    """The other split has the same clip, and it is kept there."""
    DUPLICATE_CLIP = "duplicate_clip"
    """Another label file of the split is of the same clip."""

    FRAME_MALFORMED = "frame_malformed"
    """An annotation is no object, or has no whole frame number and timestamp."""
    DUPLICATE_FRAME = "duplicate_frame"
    """An earlier annotation of the clip is of the same frame."""
    BOX_MISSING = "box_missing"
    """The box is absent or null."""
    BOX_MALFORMED = "box_malformed"
    """The box is not four integers."""
    BOX_NEGATIVE = "box_negative"
    """A coordinate or a side is below 0."""
    BOX_EMPTY = "box_empty"
    """A side is 0."""
    BOX_OUTSIDE_IMAGE = "box_outside_image"
    """The box reaches past the metadata's width or height."""
    IMAGE_UNREADABLE = "image_unreadable"
    """The image file cannot be opened. Only where images are checked, as the next two."""
    NOT_AN_IMAGE = "not_an_image"
    """The file has no picture's header."""
    IMAGE_SIZE_WRONG = "image_size_wrong"
    """The upright picture has not the metadata's width and height."""


PREPARE_REJECT_COLUMNS = ("file", "frame", "reason", "detail")
"""Columns of the rejects table; ``frame`` is empty where a whole label file is refused."""
