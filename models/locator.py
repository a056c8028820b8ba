"""The locator's training, as a TFX Trainer calls it (``models.locator.run_fn``).

From the scenes of the Examples to a servable that finds the animal itself: the Trainer's network
and the locator in one SavedModel. A locator that fails its gate is left out of it by name.
"""

import json
import logging
import os
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from models.inputs.input_pipeline import shard_files
from models.location import judging, store, training
from models.network import classifier
from models.network.weights_file import local_file
from models.servable import export, golden
from models.servable.locating import LocatorNetwork
from models.servable.serving_spec import ServingSpec
from models.settings.locator import LocateSettings
from models.settings.network import NONE
from models.trainer_config import TrainerConfig
from models.training import batches, devices
from models.training.data import Data
from schemas import artifacts, signatures
from schemas.documents.locating import LocatorScores
from schemas.documents.training import Preprocessing
from schemas.splits import EVAL, beside

_LOGGER = logging.getLogger(__name__)


def run_fn(fn_args: Any) -> None:
    """Trains, judges and exports (called by TFX).

    Args:
      fn_args: ``tfx.components.FnArgs``; used are ``train_files``, ``eval_files`` (as the
        Trainer's), ``transform_graph_path``, ``base_model`` (the Trainer's servable),
        ``model_run_dir``, ``serving_model_dir`` and ``custom_config`` (``TrainerConfig`` and
        "locate", ``LocateSettings``).

    Raises:
      ConfigError: there are no scenes, or the weights cannot be loaded.
      LocatorDivergedError: the loss is NaN or infinite.
    """
    config = TrainerConfig.from_json(fn_args.custom_config)
    settings = LocateSettings(**fn_args.custom_config["locate"])
    devices.let_gpu_memory_grow()
    run_dir = fn_args.model_run_dir
    tf.io.gfile.makedirs(run_dir)

    # Learn from train alone, and judge on eval. Nothing is chosen, so no third split is needed.
    to_learn_from = store.scenes_of(
        shard_files(fn_args.train_files), settings.max_scenes, settings.seed
    )
    weights = settings.weights or config.model.weights
    model = training.train(
        to_learn_from,
        settings,
        _trained_weights(fn_args) if weights == NONE else weights,
        know_photos=weights != NONE,
    )
    model.save(os.path.join(run_dir, artifacts.LOCATOR_KERAS))
    eval_files = shard_files([beside(pattern, EVAL) for pattern in fn_args.train_files])
    to_judge_on = store.scenes_of(eval_files, settings.judged_scenes)
    scores = judging.judge(model, to_judge_on, settings)
    _write(scores, run_dir)
    locator = None
    if scores["passed"]:
        locator = LocatorNetwork(model, settings.resolution, settings.min_score)
    _export(config, fn_args, locator, to_judge_on)


def _trained_weights(fn_args: Any) -> str:
    """Returns the trained network's weights, which stand in for random ones.

    They have seen animals at least. Their first layers learn on, having learnt little.
    """
    folder = os.path.join(os.path.dirname(fn_args.base_model), artifacts.MODEL_CHECKPOINT)
    return os.path.join(folder, artifacts.CHECKPOINT_KERAS)


def _write(scores: LocatorScores, run_dir: str) -> None:
    with tf.io.gfile.GFile(os.path.join(run_dir, artifacts.LOCATOR_JSON), "w") as file:
        file.write(json.dumps(scores, ensure_ascii=False, indent=1, allow_nan=False))
    failed = [check["message"] for check in scores["checks"] if not check["passed"]]
    if failed:
        _LOGGER.warning(
            "The locator is left out of the servable, which takes a photo without a box as a "
            "whole: %s",
            "; ".join(failed),
        )


def _export(
    config: TrainerConfig,
    fn_args: Any,
    locator: LocatorNetwork | None,
    scenes: Sequence[bytes],
) -> None:
    """Writes the servable of both networks, and what belongs to the Trainer's."""
    run_dir, servable, base = (
        fn_args.model_run_dir,
        fn_args.serving_model_dir,
        fn_args.base_model,
    )
    network = _network(config, base)
    known = _preprocessing(base)
    spec = ServingSpec(
        config.moods,
        config.model.resolution,
        config.box_margin,
        box_overhang=config.box_overhang,
        unsure_below=known["unsure_below"],
        temperature=known["temperature"],
        fitted_on=known["fitted_on"],
        trained_on=known["trained_on"],
    )
    data = Data.from_fn_args(fn_args, num_classes=len(config.moods))

    def in_order(files: Sequence[str]) -> tf.data.Dataset:
        return batches.in_order(config, data.indexer, files)

    label_indices = data.indexer.indices_of(config.moods)
    golden.write(
        network,
        data.eval_files,
        sum(data.eval_counts),
        in_order,
        label_indices,
        spec,
        run_dir,
        locator,
        scenes,
    )
    export.write_servable(network, spec, known["weights"], servable, locator)
    _copy(
        os.path.join(base, signatures.EXTRAS_FOLDER),
        os.path.join(servable, signatures.EXTRAS_FOLDER),
        (artifacts.TRAINED_ON_NPZ,),
    )
    checkpoint, base_checkpoint = (
        os.path.join(os.path.dirname(folder), artifacts.MODEL_CHECKPOINT)
        for folder in (servable, base)
    )
    _copy(
        base_checkpoint,
        checkpoint,
        (
            artifacts.CHECKPOINT_KERAS,
            signatures.LABELS_ASSET,
            signatures.SPEC_ASSET,
            artifacts.TRAINED_ON_NPZ,
        ),
    )
    if locator is not None:
        _copy(run_dir, checkpoint, (artifacts.LOCATOR_KERAS,))


def _network(config: TrainerConfig, base: str) -> keras.Model:
    """Returns the Trainer's network, in float32, as its servable has it."""
    folder = os.path.join(os.path.dirname(base), artifacts.MODEL_CHECKPOINT)
    network = classifier.build(config.model.replace(weights=NONE), len(config.moods))
    network.load_weights(local_file(os.path.join(folder, artifacts.CHECKPOINT_KERAS)))
    return network


def _preprocessing(base: str) -> Preprocessing:
    """Returns what the Trainer's servable says of itself."""
    path = os.path.join(base, signatures.EXTRAS_FOLDER, signatures.SPEC_ASSET)
    with tf.io.gfile.GFile(path) as file:
        document: Preprocessing = json.loads(file.read())
        return document


def _copy(source: str, target: str, names: Sequence[str]) -> None:
    """Copies the files of these names that are there."""
    tf.io.gfile.makedirs(target)
    for name in names:
        if tf.io.gfile.exists(os.path.join(source, name)):
            tf.io.gfile.copy(os.path.join(source, name), os.path.join(target, name), overwrite=True)
