"""Moods that ``benchmarks.locator`` compares: of boxes given, boxes found and whole photos."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from benchmarks.label_indexers import MoodIndexer
from components.evaluator import box_sources, predictions_table
from models import trainer
from models.network import classifier
from models.servable import export
from models.servable.locating import LocatorNetwork
from models.servable.signatures import ServingSpec
from models.settings.network import NONE
from models.trainer_config import TrainerConfig
from models.training import devices
from models.training.backup import Backups
from models.training.data import Data
from pipeline.config import Settings
from schemas import artifacts, features


def trained(
    train: str, evaluation: str, moods: Sequence[str], settings: Settings, folder: Path
) -> Path:
    """Trains a network as the Trainer does, unless it is there, and returns its checkpoint.

    Args:
      train: shard to learn from.
      evaluation: shard to choose the epoch on.
      moods: names in index order.
      settings: of a run.
      folder: keeps all files of the training.
    """
    run_dir = folder / "run" / "1"
    checkpoint, end = run_dir / artifacts.CHECKPOINT_KERAS, folder / "trained"
    if end.exists():
        return checkpoint
    config = TrainerConfig(
        settings.model,
        settings.train,
        settings.augment,
        tuple(moods),
        box_margin=settings.data.box_margin,
        backup_dir="",
    )
    data = Data.from_files(MoodIndexer(moods), [train], [evaluation], len(moods))
    backups = Backups(str(folder / "backups"), "benchmark")
    trainer.train(
        config,
        data,
        None,
        str(run_dir),
        backups,
        backups.folder,
        devices.strategy_for(config.train),
    )
    end.touch()
    return checkpoint


def compared(
    checkpoint: Path,
    locator: LocatorNetwork,
    evaluation: str,
    moods: Sequence[str],
    settings: Settings,
    folder: Path,
) -> dict[str, Any]:
    """Writes a servable of both networks and returns the Evaluator's scores by source of boxes.

    Args:
      checkpoint: of ``trained``.
      locator: of the servable.
      evaluation: shard with scenes to judge on.
      moods: names in index order.
      settings: that the network was trained with.
      folder: gets the servable.
    """
    network = classifier.build(settings.model.replace(weights=NONE), len(moods))
    network.load_weights(checkpoint)
    spec = ServingSpec(
        tuple(moods),
        settings.model.resolution,
        settings.data.box_margin,
        box_overhang=settings.data.box_overhang,
    )
    export.write_servable(network, spec, settings.model.weights, str(folder), locator)
    loaded = tf.saved_model.load(str(folder))
    found = box_sources.judge(_sample(evaluation, moods, settings), loaded, len(moods))
    return dict(found or {})


def _sample(shard: str, moods: Sequence[str], settings: Settings) -> box_sources.SceneSample:
    indexer = MoodIndexer(moods)
    sample = box_sources.SceneSample(settings.locate.judged_scenes)
    for number, record in enumerate(tf.data.TFRecordDataset(shard).as_numpy_iterator()):
        label = tf.io.parse_single_example(record, indexer.feature_spec)[features.LABEL]
        row: dict[str, list[Any]] = {
            predictions_table.PATH: [str(number)],
            predictions_table.LABEL_INDEX: [int(indexer(label[tf.newaxis])[0])],
            predictions_table.SCORED: [True],
        }
        sample.add([record], row)
    return sample
