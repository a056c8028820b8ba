"""Names of the splits, and of their folders."""

TRAIN = "train"
EVAL = "eval"
UNLABELLED = "unlabelled"


def split_folder(split: str) -> str:
    """Returns the folder of a split in an artifact, such as "Split-train"; the form is TFX's."""
    return f"Split-{split}"
