"""A servable's answers on the eval split, written as one table.

The servable itself is asked, through its Example signature: what is judged is what will be
served. Each Example is asked once and becomes one row, in the order of the shards.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf
from apache_beam.io.filesystems import FileSystems

from dataset import progress
from schemas import features, signatures
from schemas.labels import moods_from_mapping

BATCH = 64

COLUMN_PATH = "image_path"
COLUMN_LINE = "line"
COLUMN_CLIP = "clip"
COLUMN_SPECIES = "species"
COLUMN_LABEL = "label"
COLUMN_LABEL_INDEX = "label_index"
COLUMN_PROBABILITIES = "probabilities"
COLUMN_BASELINE = "baseline_probabilities"

_FIELDS = [
    (COLUMN_PATH, pa.string()),
    (COLUMN_LINE, pa.int64()),
    (COLUMN_CLIP, pa.string()),
    (COLUMN_SPECIES, pa.string()),
    (COLUMN_LABEL, pa.string()),
    (COLUMN_LABEL_INDEX, pa.int64()),
    (COLUMN_PROBABILITIES, pa.list_(pa.float32())),
]


class Servable(NamedTuple):
    """A loaded SavedModel that can be asked, and its moods in index order."""

    ask: Any
    moods: tuple[str, ...]


class TableFacts(NamedTuple):
    """What was written.

    Attributes:
      rows: number of rows.
      not_finite: rows for which the candidate gave a probability that is no number.
      has_species: whether any row names a species.
    """

    rows: int
    not_finite: int
    has_species: bool


class PredictionError(RuntimeError):
    """A servable that does not answer rows which the ingest found sound."""


def load_servable(path: str) -> Servable:
    """Loads a SavedModel with the signatures of ``schemas.signatures``."""
    loaded = tf.saved_model.load(path)
    ask = loaded.signatures[signatures.SERVE_EXAMPLE]
    # The signature holds no reference to the object that owns its variables.
    ask.owner = loaded
    names = ask(tf.constant([b""]))[signatures.MOODS].numpy()[0]
    mapping = {name.decode("utf-8"): index for index, name in enumerate(names)}
    return Servable(ask, moods_from_mapping(mapping))


def write_predictions(
    shards: Sequence[str], model: Servable, baseline: Servable | None, path: str, total: int
) -> TableFacts:
    """Writes a Parquet table of the answers.

    Args:
      shards: TFRecord files of Examples, in order.
      model: the candidate.
      baseline: another model with the same moods, for a second column of probabilities.
      path: of the Parquet file.
      total: number of Examples expected, for the progress and as a check.

    Raises:
      PredictionError: a row was not answered, or rows are missing or surplus.
    """
    fields = [*_FIELDS, *([(COLUMN_BASELINE, pa.list_(pa.float32()))] if baseline else [])]
    schema = pa.schema(fields)
    rows = not_finite = 0
    has_species = False
    with FileSystems.create(path) as file, pq.ParquetWriter(file, schema) as writer:
        for records in tf.data.TFRecordDataset(list(shards)).batch(BATCH).as_numpy_iterator():
            table = _facts(records, model.moods)
            probabilities = _ask(model, records)
            not_finite += int((~np.isfinite(probabilities)).any(axis=1).sum())
            has_species = has_species or any(table[COLUMN_SPECIES])
            table[COLUMN_PROBABILITIES] = list(probabilities)
            if baseline:
                table[COLUMN_BASELINE] = list(_ask(baseline, records))
            writer.write_table(pa.table(table, schema=schema))
            rows += len(records)
            progress.report("evaluate", len(records), total, "images")
    if rows != total:
        raise PredictionError(f"The eval split has {total} rows, {rows} were read.")
    return TableFacts(rows, not_finite, has_species)


def _ask(servable: Servable, records: npt.NDArray[np.object_]) -> npt.NDArray[np.float32]:
    """Returns float32[n, k]."""
    answer = servable.ask(tf.constant(records))
    status = answer[signatures.STATUS].numpy()
    refused = np.flatnonzero(status != signatures.STATUS_OK.encode())
    if refused.size:
        raise PredictionError(
            f"The servable answers {status[refused[0]].decode()!r} to {refused.size} of "
            f"{len(records)} Examples of the eval split, which the ingest found sound."
        )
    probabilities: npt.NDArray[np.float32] = answer[signatures.PROBABILITIES].numpy()
    return probabilities


def _facts(records: Sequence[bytes], moods: tuple[str, ...]) -> dict[str, list[Any]]:
    table: dict[str, list[Any]] = {name: [] for name, _ in _FIELDS[:-1]}
    index_of = {mood: index for index, mood in enumerate(moods)}
    for record in records:
        feature = tf.train.Example.FromString(record).features.feature
        label = _text(feature, features.LABEL)
        table[COLUMN_PATH].append(_text(feature, features.IMAGE_PATH))
        table[COLUMN_LINE].append(feature[features.SOURCE_LINE].int64_list.value[0])
        table[COLUMN_CLIP].append(_text(feature, features.CLIP))
        table[COLUMN_SPECIES].append(_text(feature, features.SPECIES))
        table[COLUMN_LABEL].append(label)
        table[COLUMN_LABEL_INDEX].append(index_of[label or ""])
    return table


def _text(feature: Any, name: str) -> str | None:
    values = feature[name].bytes_list.value if name in feature else []
    return values[0].decode("utf-8", "replace") if values else None
