"""The search for settings, as the TFX Tuner calls it (``models.tuner.tuner_fn``).

A trial is a training by the Trainer's own code, shorter and on a part of the data.
"""

import contextlib
import csv
import dataclasses
import gc
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf
from tfx.v1.components import TunerFnResult

from models import trainer
from models.trainer_config import TrainerConfig
from models.training import devices
from models.training.backup import Backups
from models.tuning import subset
from models.tuning.random_search import MEMORY, OBJECTIVE, Search
from models.tuning.settings import TuneSettings, Value, space, trial_settings, with_values
from schemas import artifacts

_LOGGER = logging.getLogger(__name__)

_BUDGET = ("trials", "minutes")
"""Settings that may change between a search and its continuation."""
_RUNNING = "running"


def tuner_fn(fn_args: Any) -> TunerFnResult:
    """Returns the search, ready to be started (called by TFX).

    Args:
      fn_args: ``tfx.components.FnArgs``; used are ``train_files``, ``eval_files`` (patterns),
        ``transform_graph_path``, ``base_model``, ``custom_config`` (``TrainerConfig`` and
        ``tune``), and ``working_dir``: a folder that the next run is given again.

    Raises:
      ConfigError: for settings that do not go together, or data that does not fit the label
        map.
    """
    tune = TuneSettings(**fn_args.custom_config["tune"])
    config = TrainerConfig.from_json(fn_args.custom_config)
    choices = space(tune, config.train, config.augment)
    devices.let_gpu_memory_grow()
    strategy = devices.strategy_for(config.train)
    folder = os.path.join(fn_args.working_dir, _key(fn_args))
    tf.io.gfile.makedirs(folder)
    writes = devices.is_chief(strategy)
    if not writes:
        folder = _own_memory(folder)

    def broadcast_from_chief(figure: float) -> float:
        return devices.broadcast_from_chief(strategy, figure)

    devices.barrier(strategy)  # The chief changes nothing in the memory before all have read it.
    data = _part(trainer.Data.of(fn_args, len(config.moods)), tune, folder)
    _LOGGER.info("Tuning in %s: %s; %s", folder, tune, choices)

    def run(name: str, values: Mapping[str, Value]) -> float:
        train, augment = with_values(trial_settings(tune, config.train), config.augment, values)
        trial = dataclasses.replace(config, train=train, augment=augment)
        with _run_dir(folder) as run_dir:
            backups = Backups(os.path.join(run_dir, "backups"), "trial")
            base = fn_args.base_model
            trainer.train(trial, data, base, run_dir, backups, folder, strategy, task=name)
            score = broadcast_from_chief(best_score(os.path.join(run_dir, artifacts.CURVES_CSV)))
        keras.utils.clear_session()
        gc.collect()  # A network's layers refer to each other.
        return score

    search = _Tuning(run, choices, tune, folder, broadcast_from_chief)
    search.folder, search.data, search.writes = folder, data, writes
    return TunerFnResult(tuner=search, fit_kwargs={})


class _Tuning(Search):
    """A search that knows its data.

    Attributes:
      folder: of its memory.
      data: the part that the trials see.
      writes: whether this process is the one whose result counts.
    """

    folder: str
    data: trainer.Data
    writes: bool

    def on_search_end(self) -> None:
        """Removes the data, which is quickly made again."""
        super().on_search_end()
        for file in (*self.data.train_files, *self.data.eval_files):
            tf.io.gfile.remove(file)
        if not self.writes:
            tf.io.gfile.rmtree(self.folder)

    def table(self) -> dict[str, Any]:
        """Returns ``artifacts.TRIALS_JSON``."""
        rows = {"train": sum(self.data.train_counts), "eval": sum(self.data.eval_counts)}
        return super().table() | {"rows": rows}


def best_score(curves: str) -> float:
    """Returns the highest objective of a training's epochs, from its table."""
    with tf.io.gfile.GFile(curves) as file:
        return max(float(row[OBJECTIVE]) for row in csv.DictReader(file))


def _key(fn_args: Any) -> str:
    """Returns a name for all that the trials depend on, which the budget does not belong to."""
    config = dict(fn_args.custom_config)
    config["tune"] = {k: v for k, v in config["tune"].items() if k not in _BUDGET}
    inputs = (fn_args.train_files, fn_args.eval_files, fn_args.transform_graph_path)
    text = json.dumps([config, inputs, fn_args.base_model], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _own_memory(folder: str) -> str:
    """Returns a folder on this machine with what an earlier search has left in that one."""
    own = tempfile.mkdtemp(prefix="pet-mood-tuner-")
    for path, _, files in tf.io.gfile.walk(os.path.join(folder, MEMORY)):
        target = os.path.join(own, os.path.relpath(path, folder))
        tf.io.gfile.makedirs(target)
        for name in files:
            tf.io.gfile.copy(os.path.join(path, name), os.path.join(target, name))
    return own


def _part(data: trainer.Data, tune: TuneSettings, folder: str) -> trainer.Data:
    """Writes the part of the data that the trials see."""

    def part(files: Sequence[str], counts: Sequence[int], target: str) -> list[int]:
        wanted = subset.shares(counts, tune.rows)
        return subset.write(files, data.indexer, wanted, target, tune.seed)

    train, evaluation = (os.path.join(folder, f"{split}.tfrecord") for split in ("train", "eval"))
    return trainer.Data(
        data.indexer,
        [train],
        [evaluation],
        part(data.train_files, data.train_counts, train),
        part(data.eval_files, data.eval_counts, evaluation),
    )


@contextlib.contextmanager
def _run_dir(folder: str) -> Iterator[str]:
    """Makes the folder of a training, of which nothing shall stay, also of a killed one."""
    top = os.path.join(folder, _RUNNING)
    if tf.io.gfile.exists(top):
        tf.io.gfile.rmtree(top)
    try:
        # As deep as the Trainer's: what a training saves beside it goes too.
        yield os.path.join(top, "run", "0")
    finally:
        tf.io.gfile.rmtree(top)
