"""Predicts the eval split with servables and writes the predictions table.

The servable itself is called, through its Example signature: the model that is evaluated is the
one that will be served. Each Example is predicted once and becomes one row. The order of the rows
depends on the shards alone.
"""

import json
import posixpath
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.evaluator import predictions_table, slices
from components.evaluator.box_sources import SceneSample
from components.evaluator.certainty import NOT_FITTED, FittedCalibration
from dataset.calibration_split import is_calibration_clip
from dataset.trained_on import Hashes, SeenNames, TrainedOn
from schemas import artifacts, features, signatures
from schemas.labels import moods_from_mapping
from schemas.splits import EVAL
from system import progress
from system.patterns import plain
from system.storage import open_file

BATCH = 64
_SHARDS_AHEAD = 8
_RECORDS_IN_TURN = 16
"""Shards that are read at a time, and records of each in turn. From a bucket, one stream brings
less than a GPU predicts."""
_READY = 4
"""Batches that wait to be predicted."""

_TEXT_FEATURES = {
    predictions_table.PATH: features.IMAGE_PATH,
    predictions_table.CLIP: features.CLIP,
    predictions_table.GROUP: features.GROUP,
    predictions_table.SPECIES: features.SPECIES,
    predictions_table.LABEL: features.LABEL,
}
_FLOAT_FEATURES = {
    predictions_table.BOX_AREA: features.BOX_AREA,
    predictions_table.BRIGHTNESS: features.BRIGHTNESS,
    predictions_table.SHARPNESS: features.SHARPNESS,
    predictions_table.CONTRAST: features.CONTRAST,
}


class Servable(NamedTuple):
    """A loaded SavedModel.

    Attributes:
      predict: its Example signature.
      mood_names: in index order.
      trained_on: the clips and animals of its training; None where it does not say.
      fitted: its temperature and threshold.
    """

    predict: Any
    mood_names: tuple[str, ...]
    trained_on: TrainedOn | None = None
    fitted: FittedCalibration = NOT_FITTED


class PredictionError(RuntimeError):
    """A servable that does not predict rows which the ingest could use."""


def load_servable(path: str) -> Servable:
    """Loads a SavedModel with the signatures of ``schemas.signatures``."""
    with plain(path) as other_path:
        loaded = tf.saved_model.load(other_path)
    predict = loaded.signatures[signatures.SERVE_EXAMPLE]
    # The signature holds no reference to the object that owns its variables.
    predict.owner = loaded
    names = predict(tf.constant([b""]))[signatures.MOODS].numpy()[0]
    mapping = {name.decode("utf-8"): index for index, name in enumerate(names)}
    return Servable(predict, moods_from_mapping(mapping), _trained_on(path), _fitted(path))


def _trained_on(servable: str) -> TrainedOn | None:
    path = posixpath.join(servable, signatures.EXTRAS_FOLDER, artifacts.TRAINED_ON_NPZ)
    if not tf.io.gfile.exists(path):
        return None
    with open_file(path, "rb") as file:
        return TrainedOn.from_bytes(file.read(), path)


def _fitted(servable: str) -> FittedCalibration:
    path = posixpath.join(servable, signatures.EXTRAS_FOLDER, signatures.SPEC_ASSET)
    if not tf.io.gfile.exists(path):
        return NOT_FITTED
    with open_file(path, "r") as file:
        return FittedCalibration.of(json.loads(file.read()))


def write_predictions(
    shards: Sequence[str],
    servables: Mapping[str, Servable],
    label_counts: Mapping[str, int],
    path: str,
    scenes: SceneSample | None = None,
) -> None:
    """Writes the predictions table.

    Rows that the model's temperature and threshold were fitted on are not scored, nor are those of
    clips and animals that its predecessor in a warm start was trained on. Of another model the
    latter are marked.

    Args:
      shards: TFRecord files of Examples.
      servables: by predictor (``predictions_table.MODEL`` and others), all with the same moods.
      label_counts: number of Examples of each mood, as the ingest counted them.
      path: of the Parquet file.
      scenes: is given the scenes of the rows that are scored.

    Raises:
      PredictionError: a row was not predicted.
      predictions_table.RowError: a row is missing, surplus or there twice.
    """
    mood_names = servables[predictions_table.MODEL].mood_names
    total = sum(label_counts.values())
    majority_index = max(
        range(len(mood_names)), key=lambda index: label_counts.get(mood_names[index], 0)
    )
    seen = {
        name: SeenNames(_seen_hashes(name, servable))
        for name, servable in servables.items()
        if servable.trained_on is not None
    }
    is_fitted_on_eval = servables[predictions_table.MODEL].fitted.on == EVAL
    with predictions_table.Writer(
        path, mood_names, majority_index, list(servables), total
    ) as writer:
        for records in _batches(shards).as_numpy_iterator():
            probabilities = {
                name: _predict(servable, records) for name, servable in servables.items()
            }
            row_columns = _row_columns(records, mood_names)
            clips = row_columns[predictions_table.CLIP]
            trained_on = {
                name: names.rows(clips, row_columns[predictions_table.GROUP])
                for name, names in seen.items()
            }
            inherited = trained_on.pop(predictions_table.MODEL, [False] * len(clips))
            row_columns[predictions_table.SCORED] = [
                not is_inherited and not (is_fitted_on_eval and is_calibration_clip(clip))
                for clip, is_inherited in zip(clips, inherited, strict=True)
            ]
            writer.add(row_columns, probabilities, trained_on)
            if scenes is not None:
                scenes.add(records, row_columns)
            progress.report("evaluate", len(records), total, "images")


def _seen_hashes(name: str, servable: Servable) -> Hashes:
    """Returns the names whose rows are no fair test of a servable.

    Of the model itself these are the inherited ones: what its own training, its validation split
    and the eval split have in common is the LeakCheck's, whose limits a user may raise.
    """
    assert servable.trained_on is not None
    if name == predictions_table.MODEL:
        return servable.trained_on.inherited
    return servable.trained_on.all_names()


def _batches(shards: Sequence[str]) -> tf.data.Dataset:
    """Returns all records once, string[n], in an order that depends on the shards alone."""
    # Without the tuner, on whose thread the end of the iteration would wait, for as long as the
    # iteration took.
    options = tf.data.Options()
    options.autotune.enabled = False
    return (
        tf.data.Dataset.from_tensor_slices(list(shards))
        .interleave(
            tf.data.TFRecordDataset,
            cycle_length=min(len(shards), _SHARDS_AHEAD),
            block_length=_RECORDS_IN_TURN,
            num_parallel_calls=tf.data.AUTOTUNE,
            deterministic=True,
        )
        .batch(BATCH)
        .prefetch(_READY)
        .with_options(options)
    )


def _predict(servable: Servable, records: npt.NDArray[np.object_]) -> npt.NDArray[np.float32]:
    """Returns the probabilities, float32[n, k]."""
    outputs = servable.predict(tf.constant(records))
    status = outputs[signatures.STATUS].numpy()
    failed = np.flatnonzero(status != signatures.STATUS_OK.encode())
    if failed.size:
        raise PredictionError(
            "The servable must predict every Example of the eval split, because the ingest could "
            f"use them all. Received: status {status[failed[0]].decode()!r} for {failed.size} of "
            f"{len(records)} Examples"
        )
    probabilities: npt.NDArray[np.float32] = outputs[signatures.PROBABILITIES].numpy()
    return probabilities


def _row_columns(records: Sequence[bytes], mood_names: tuple[str, ...]) -> dict[str, list[Any]]:
    """Returns the columns of ``predictions_table.ROW_COLUMNS`` but ``SCORED``."""
    rows = [_row(tf.train.Example.FromString(record), mood_names) for record in records]
    return {
        name: [row[name] for row in rows]
        for name in predictions_table.ROW_COLUMNS
        if name != predictions_table.SCORED
    }


def _row(example: Any, mood_names: tuple[str, ...]) -> dict[str, Any]:
    feature = example.features.feature
    row: dict[str, Any] = {name: _text(feature, key) for name, key in _TEXT_FEATURES.items()}
    row |= {name: feature[key].float_list.value[0] for name, key in _FLOAT_FEATURES.items()}
    row[predictions_table.LINE] = feature[features.SOURCE_LINE].int64_list.value[0]
    row[predictions_table.ACTION] = slices.action_of(row[predictions_table.CLIP])
    row[predictions_table.BOX_SIZE] = slices.band(row[predictions_table.BOX_AREA], slices.BOX_SIZES)
    row[predictions_table.BRIGHTNESS_BAND] = slices.band(
        row[predictions_table.BRIGHTNESS], slices.BRIGHTNESSES
    )
    row[predictions_table.LABEL_INDEX] = mood_names.index(row[predictions_table.LABEL])
    return row


def _text(feature: Any, name: str) -> str | None:
    values = feature[name].bytes_list.value if name in feature else []
    return values[0].decode("utf-8", "replace") if values else None
