"""Servables' answers on the eval split, written as one table.

The servable itself is asked, through its Example signature: what is judged is what will be
served. Each Example is asked once and becomes one row, in the order of the shards.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.evaluator import predictions_table, slices
from dataset.calibration_split import is_calibration_clip
from schemas import features, signatures
from schemas.labels import moods_from_mapping
from system import progress

BATCH = 64

_TEXTS = {
    predictions_table.PATH: features.IMAGE_PATH,
    predictions_table.CLIP: features.CLIP,
    predictions_table.GROUP: features.GROUP,
    predictions_table.SPECIES: features.SPECIES,
    predictions_table.LABEL: features.LABEL,
}
_NUMBERS = {
    predictions_table.BOX_AREA: features.BOX_AREA,
    predictions_table.BRIGHTNESS: features.BRIGHTNESS,
    predictions_table.SHARPNESS: features.SHARPNESS,
    predictions_table.CONTRAST: features.CONTRAST,
}


class Servable(NamedTuple):
    """A loaded SavedModel that can be asked, and its moods in index order."""

    ask: Any
    moods: tuple[str, ...]


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
    shards: Sequence[str],
    servables: Mapping[str, Servable],
    label_counts: Mapping[str, int],
    path: str,
    *,
    calibrated: bool,
) -> None:
    """Writes the table of the answers.

    Args:
      shards: TFRecord files of Examples, in order.
      servables: by answerer (``table.MODEL`` and others), all with the same moods.
      label_counts: Examples of each mood that there are, as the ingest counted them.
      path: of the Parquet file.
      calibrated: whether half of the clips have told the model's temperature, and are not judged.

    Raises:
      PredictionError: a row was not answered.
      table.RowError: a row is missing, surplus or there twice.
    """
    moods = servables[predictions_table.MODEL].moods
    total = sum(label_counts.values())
    majority = max(range(len(moods)), key=lambda index: label_counts.get(moods[index], 0))
    with predictions_table.Writer(path, moods, majority, list(servables), total) as writer:
        for records in tf.data.TFRecordDataset(list(shards)).batch(BATCH).as_numpy_iterator():
            answers = {name: _ask(servable, records) for name, servable in servables.items()}
            facts = _facts(records, moods)
            facts[predictions_table.JUDGED] = [
                not (calibrated and is_calibration_clip(clip))
                for clip in facts[predictions_table.CLIP]
            ]
            writer.add(facts, answers)
            progress.report("evaluate", len(records), total, "images")


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
    rows = [_facts_of(tf.train.Example.FromString(record), moods) for record in records]
    return {
        name: [row[name] for row in rows]
        for name in predictions_table.FACTS
        if name != predictions_table.JUDGED
    }


def _facts_of(example: Any, moods: tuple[str, ...]) -> dict[str, Any]:
    feature = example.features.feature
    row: dict[str, Any] = {name: _text(feature, key) for name, key in _TEXTS.items()}
    row |= {name: feature[key].float_list.value[0] for name, key in _NUMBERS.items()}
    row[predictions_table.LINE] = feature[features.SOURCE_LINE].int64_list.value[0]
    row[predictions_table.ACTION] = slices.action_of(row[predictions_table.CLIP])
    row[predictions_table.BOX_SIZE] = slices.band(row[predictions_table.BOX_AREA], slices.BOX_SIZES)
    row[predictions_table.BRIGHTNESS_BAND] = slices.band(
        row[predictions_table.BRIGHTNESS], slices.BRIGHTNESSES
    )
    row[predictions_table.LABEL_INDEX] = moods.index(row[predictions_table.LABEL])
    return row


def _text(feature: Any, name: str) -> str | None:
    values = feature[name].bytes_list.value if name in feature else []
    return values[0].decode("utf-8", "replace") if values else None
