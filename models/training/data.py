"""Examples of a training: their shards, counts and records."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from models.inputs import shard_index
from models.inputs.input_pipeline import shard_files
from models.inputs.label_index import LabelIndexer
from models.inputs.shard_index import ShardIndex


@dataclasses.dataclass(frozen=True)
class Data:
    """Examples to learn from, and those to choose the epoch on.

    The latter, ``eval_*`` after TFX's name for them, are the validation split's. Without one they
    are the eval split's.

    Attributes:
      indexer: of the Transform node.
      train_files, eval_files: TFRecord shards.
      train_counts, eval_counts: examples of each mood in them.
      train_index, eval_index: of their records.
    """

    indexer: LabelIndexer
    train_files: Sequence[str]
    eval_files: Sequence[str]
    train_counts: Sequence[int]
    eval_counts: Sequence[int]
    train_index: ShardIndex
    eval_index: ShardIndex

    @classmethod
    def from_fn_args(cls, fn_args: Any, num_classes: int) -> "Data":
        """Finds the shards that TFX names.

        Args:
          fn_args: of TFX.
          num_classes: moods in the label map.

        Raises:
          ConfigError: if there are no shards, or as ``shard_index.load``.
        """
        return cls.from_files(
            LabelIndexer(fn_args.transform_graph_path),
            shard_files(fn_args.train_files),
            shard_files(fn_args.eval_files),
            num_classes,
        )

    @classmethod
    def from_files(
        cls,
        indexer: LabelIndexer,
        train_files: Sequence[str],
        eval_files: Sequence[str],
        num_classes: int,
    ) -> "Data":
        """Opens shards. The ingest's tables tell the labels, so that no shard is read.

        Args:
          indexer: of the Transform node.
          train_files: TFRecord shards.
          eval_files: likewise.
          num_classes: moods in the label map.

        Raises:
          ConfigError: as ``shard_index.load``.
        """
        train_index, eval_index = (
            shard_index.load(files, indexer) for files in (train_files, eval_files)
        )
        train_counts, eval_counts = (
            index.label_counts(num_classes) for index in (train_index, eval_index)
        )
        return cls(
            indexer, train_files, eval_files, train_counts, eval_counts, train_index, eval_index
        )
