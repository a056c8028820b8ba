"""Names of the splits."""

TRAIN = "train"
EVAL = "eval"
UNLABELLED = "unlabelled"

_FOLDER_PREFIX = "Split-"


def folder_of(split: str) -> str:
    """Returns the name of a split's folder inside an artifact, as TFX spells it."""
    return _FOLDER_PREFIX + split


def split_of(folder: str) -> str:
    """Returns the split that a folder inside an artifact belongs to."""
    return folder.removeprefix(_FOLDER_PREFIX)
