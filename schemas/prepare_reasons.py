"""Reasons of ``dataset.prepare`` to refuse label files and frames, and its rejects table's columns.

An annotated frame without an image is normal in AI Hub's data. It is counted in the summary and
listed in the table of missing images, and is not a reject.
"""

import enum


class PrepareReason(str, enum.Enum):
    """Reasons of refusal; a label file or frame gets the first that applies, in this order."""

    UNEXPECTED_ENTRY = "unexpected_entry"
    """An entry where label files are is none, or a label file is among the images."""
    NAME_UNUSABLE = "name_unusable"
    """The path is not UTF-8 or has control characters, so a CSV cannot hold it."""
    JSON_UNREADABLE = "json_unreadable"
    """The label file cannot be opened or read."""
    JSON_EMPTY = "json_empty"
    """The label file has no content."""
    JSON_MALFORMED = "json_malformed"
    """The label file is not JSON in UTF-8, or is truncated."""
    JSON_NOT_OBJECT = "json_not_object"
    """The label file's JSON is not an object."""
    KEY_MISSING = "key_missing"
    """A required key is absent or null."""
    VALUE_MALFORMED = "value_malformed"
    """A required value has the wrong type or is not plausible."""
    SPECIES_MISMATCH = "species_mismatch"
    """The metadata's species is neither CAT nor DOG, or differs from the folder's."""
    UNKNOWN_LABEL = "unknown_label"
    """The mood is not in the label map."""
    CLIP_WITHOUT_FRAMES = "clip_without_frames"
    """The list of annotations is empty."""
    IMAGE_FOLDER_AMBIGUOUS = "image_folder_ambiguous"
    """Several image folders may be the clip's, or one may be that of several clips."""
    IMAGE_FOLDER_MISSING = "image_folder_missing"
    """The clip's image folder is missing or cannot be listed."""
    CLIP_IN_BOTH_SPLITS = "clip_in_both_splits"
    """The other split has the same clip, and the other one is kept."""
    DUPLICATE_CLIP = "duplicate_clip"
    """Another label file of the split has the same clip."""
    ANIMAL_IN_BOTH_SPLITS = "animal_in_both_splits"
    """The clip's animal is also in val, and its train clips are dropped."""

    UNEXPECTED_ERROR = "unexpected_error"
    """Reading the label file has failed in a way that no other reason covers."""

    FRAME_MALFORMED = "frame_malformed"
    """An annotation is not an object, or its frame number or timestamp is not a whole number."""
    DUPLICATE_FRAME = "duplicate_frame"
    """An earlier annotation of the clip has the same frame."""
    BOX_MISSING = "box_missing"
    """The box is absent or null."""
    BOX_MALFORMED = "box_malformed"
    """The box is not four integers."""
    BOX_NEGATIVE = "box_negative"
    """A side is below 0."""
    BOX_EMPTY = "box_empty"
    """A side is 0."""
    BOX_OUTSIDE_IMAGE = "box_outside_image"
    """More of the box lies outside of the metadata's width and height than the set share of its
    side."""
    IMAGE_UNREADABLE = "image_unreadable"
    """The image file cannot be opened. This and the next two need ``--check-images``."""
    NOT_AN_IMAGE = "not_an_image"
    """The file does not begin like an image of a known format."""
    IMAGE_SIZE_WRONG = "image_size_wrong"
    """The size of the upright image differs from the metadata's width and height."""


PREPARE_REJECT_COLUMNS = ("file", "frame", "reason", "detail")
"""Columns of the rejects table; ``frame`` is empty if the whole label file is refused."""

MISSING_COLUMNS = (
    "split",
    "file",
    "clip",
    "mood",
    "image_folder",
    "annotated",
    "missing",
    "frames",
)
"""Columns of the table of missing images, with a line for each clip that lacks some: numbers of
annotated frames and of those without an image, and the latter's frame numbers. ``image_folder`` is
empty if there is none."""

SHARED_ANIMAL_COLUMNS = ("animal", "split", "clip", "mood", "frames", "action", "file")
"""Columns of the table of animals that are in both splits, with a line for each of their clips;
``action`` is "kept", "dropped" or "moved"."""
