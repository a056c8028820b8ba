"""Names of the splits, and of their folders."""

import posixpath

RECORDS, FRAMES = ".tfrecord", ".parquet"
"""Endings of a shard of Examples, and of its frames table."""
FRAMES_FOLDER = "frames"
"""In the Examples artifact: the splits' folders with the frames tables of the labelled shards.

They are the Frames artifact's files. A Trainer gets no artifact but TFX's own, so that they lie
here too. TFX reads every file of a split's folder as TFRecords, so that they lie in another."""

TRAIN = "train"
VALIDATION = "validation"
"""Rows that epoch, settings and temperature are chosen on, where there are such rows."""
EVAL = "eval"
"""The field's test split: rows that the model is judged on, once. Without a validation split they
choose as well."""
UNLABELLED = "unlabelled"


def split_folder(split: str) -> str:
    """Returns the folder of a split in an artifact, such as "Split-train"; the form is TFX's."""
    return f"Split-{split}"


def split_of_shard(shard: str) -> str:
    """Returns the split of a shard, or of a pattern of shards, in a folder of ``split_folder``."""
    return posixpath.basename(posixpath.dirname(shard)).removeprefix(split_folder(""))


def beside(shard: str, split: str) -> str:
    """Returns the same pattern of shards for another split of the same Examples."""
    folder, name = posixpath.split(shard)
    return posixpath.join(posixpath.dirname(folder), split_folder(split), name)


def frames_file(shard: str) -> str:
    """Returns the path of the frames table of a shard in the Examples artifact.

    Args:
      shard: path of the TFRecord file.
    """
    folder, name = posixpath.split(shard)
    root, split = posixpath.split(folder)
    return posixpath.join(root, FRAMES_FOLDER, split, posixpath.splitext(name)[0] + FRAMES)
