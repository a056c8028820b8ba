"""A trial's predictions of the eval subset, counted by animal or clip."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from models.inputs import records
from models.inputs.input_pipeline import evaluation_batches
from models.inputs.label_index import LabelIndexer
from models.servable import export
from models.trainer_config import TrainerConfig
from models.tuning.gain import Matrices
from schemas import features


def count(
    model: keras.Model,
    config: TrainerConfig,
    indexer: LabelIndexer,
    files: Sequence[str],
    run_dir: str,
) -> Matrices:
    """Returns float64[units, k, k + 1]: a confusion matrix for each resampling unit.

    A unit is an animal (group), or a clip whose animal is not known. The last column counts rows
    without a prediction, as in ``dataset.scores``.

    Args:
      model: the network of the trial's best epoch, in any precision, on any devices.
      config: of the trial.
      indexer: of the Transform node.
      files: shards of the eval subset.
      run_dir: of the trial; a network that computes in float32 is saved there.
    """
    plain = export.as_float32(model, config.model, config.moods, run_dir)
    num_classes = len(config.moods)
    units = np.array(_units(files), np.int64)
    matrices = np.zeros((units.max(initial=-1) + 1, num_classes, num_classes + 1))
    batches = evaluation_batches(
        records.ordered(files),
        indexer,
        num_classes,
        resolution=config.model.resolution,
        batch_size=config.train.batch_size,
    )
    begin = 0
    for pixels, labels in batches:
        probabilities = plain.predict_on_batch(pixels)
        finite = np.isfinite(probabilities).all(axis=1)
        y_pred = np.where(finite, np.nan_to_num(probabilities).argmax(axis=1), num_classes)
        end = begin + len(y_pred)
        np.add.at(matrices, (units[begin:end], labels.numpy().argmax(axis=1), y_pred), 1)
        begin = end
    return matrices


def _units(files: Sequence[str]) -> list[int]:
    """Returns each record's resampling unit, from 0, in the order of ``records.ordered``.

    A clip's first record names the animal.
    """
    unit_of_clip: dict[bytes, int] = {}
    unit_of_group: dict[bytes, int] = {}
    units = []
    next_unit = 0
    for record in records.ordered(files).as_numpy_iterator():
        feature = tf.train.Example.FromString(record).features.feature
        clip, group = (_text(feature, name) for name in (features.CLIP, features.GROUP))
        if clip not in unit_of_clip:
            unit = unit_of_group.setdefault(group, next_unit) if group else next_unit
            unit_of_clip[clip] = unit
            next_unit = max(next_unit, unit + 1)
        units.append(unit_of_clip[clip])
    return units


def _text(feature: "dict[str, tf.train.Feature]", name: str) -> bytes:
    values = feature[name].bytes_list.value if name in feature else []
    return bytes(values[0]) if values else b""
