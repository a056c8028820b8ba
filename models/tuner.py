"""The search for settings, as the TFX Tuner calls it (``models.tuner.tuner_fn``).

A trial is a training by the Trainer's own code, shorter and on a subset of the data.
"""

import contextlib
import dataclasses
import gc
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf
from tfx.components.tuner.component import TunerFnResult

from models.trainer_config import TrainerConfig
from models.training import devices, training_run
from models.training.backup import Backups
from models.training.data import Data
from models.tuning import subset, trial_counts
from models.tuning.gain import Matrices
from models.tuning.random_search import COUNTS, MEMORY, RandomSearch, RunTrial
from models.tuning.settings import Space, TuneSettings, Value, space, trial_settings, with_values
from schemas import splits
from schemas.documents.tuning import Trials

_LOGGER = logging.getLogger(__name__)

_BUDGET = ("trials", "minutes")
"""Settings that may change between a search and its continuation."""
_RUNNING = "running"
"""Folder of the trial that is running."""


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
    # Settings and devices.
    tune = TuneSettings(**fn_args.custom_config["tune"])
    config = TrainerConfig.from_json(fn_args.custom_config)
    choices = space(tune, config.train, config.augment)
    devices.check_gpus(config.gpus)
    devices.let_gpu_memory_grow()
    strategy = devices.strategy_for(config.train)

    # Folder of the search; on machines that do not write, a copy of it.
    folder = os.path.join(fn_args.working_dir, _search_key(fn_args))
    tf.io.gfile.makedirs(folder)
    writes = devices.is_chief(strategy)
    if not writes:
        folder = _local_copy(folder)
    devices.barrier(strategy)  # The chief changes the trials only after all have read them.

    # Data.
    all_data = Data.from_fn_args(fn_args, num_classes=len(config.moods))
    data = _subset(all_data, tune, folder)
    _LOGGER.info("Tuning in %s: %s; %s", folder, tune, choices)

    # Trials.
    def broadcast_from_chief(number: float) -> float:
        return devices.broadcast_from_chief(strategy, number)

    def run_trial(name: str, values: Mapping[str, Value]) -> Matrices:
        train, augment = with_values(trial_settings(tune, config.train), config.augment, values)
        trial = dataclasses.replace(config, train=train, augment=augment)
        with _run_dir(folder) as run_dir:
            backups = Backups(os.path.join(run_dir, "backups"), "trial")
            base_model = fn_args.base_model
            model = training_run.train(
                trial, data, base_model, run_dir, backups, folder, strategy, task=name
            )
            matrices = trial_counts.count(model, trial, data.indexer, data.eval_files, run_dir)
        del model
        keras.utils.clear_session()
        gc.collect()  # A network's layers refer to each other.
        return matrices

    search = _Search(
        run_trial,
        choices,
        tune,
        folder,
        broadcast_from_chief,
        data,
        chosen_on=splits.split_of_shard(all_data.eval_files[0]),
        writes=writes,
    )
    return TunerFnResult(tuner=search, fit_kwargs={})


class _Search(RandomSearch):
    """Random search together with its data.

    Attributes:
      folder: of the trials.
      data: the subset that the trials use.
      chosen_on: name of the split that the trials are compared on.
      writes: whether this process is the one that writes the results.
    """

    def __init__(
        self,
        run: RunTrial,
        choices: Space,
        tune: TuneSettings,
        folder: str,
        synchronise: Callable[[float], float],
        data: Data,
        *,
        chosen_on: str,
        writes: bool,
    ) -> None:
        super().__init__(run, choices, tune, folder, synchronise)
        self.folder = folder
        self.data = data
        self.chosen_on = chosen_on
        self.writes = writes

    def on_search_end(self) -> None:
        """Removes the data, which is quick to make again."""
        super().on_search_end()
        for file in (*self.data.train_files, *self.data.eval_files):
            tf.io.gfile.remove(file)
        if not self.writes:
            tf.io.gfile.rmtree(self.folder)

    def table(self) -> Trials:
        """Returns ``artifacts.TRIALS_JSON``."""
        rows = {
            splits.TRAIN: sum(self.data.train_counts),
            self.chosen_on: sum(self.data.eval_counts),
        }
        return Trials(**super().table(), rows=rows)


def _search_key(fn_args: Any) -> str:
    """Returns a hash of everything that the trials depend on; the budget is not part of it."""
    config = dict(fn_args.custom_config)
    config["tune"] = {k: v for k, v in config["tune"].items() if k not in _BUDGET}
    inputs = (fn_args.train_files, fn_args.eval_files, fn_args.transform_graph_path)
    text = json.dumps([config, inputs, fn_args.base_model], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _local_copy(folder: str) -> str:
    """Returns a new folder on this machine with the trials of an earlier search in ``folder``."""
    copy = tempfile.mkdtemp(prefix="pet-mood-tuner-")
    for part in (MEMORY, COUNTS):
        for path, _, files in tf.io.gfile.walk(os.path.join(folder, part)):
            target = os.path.join(copy, os.path.relpath(path, folder))
            tf.io.gfile.makedirs(target)
            for name in files:
                tf.io.gfile.copy(os.path.join(path, name), os.path.join(target, name))
    return copy


def _subset(data: Data, tune: TuneSettings, folder: str) -> Data:
    """Writes the subset of the data that the trials use into ``folder``."""

    def write(files: Sequence[str], counts: Sequence[int], path: str) -> None:
        target_counts = subset.stratified_counts(counts, tune.rows)
        whole = target_counts == list(counts)
        frames = max(1, sum(counts)) if whole else tune.frames_per_clip
        subset.write(files, data.indexer, target_counts, path, tune.seed, frames)

    train_file = os.path.join(folder, f"{splits.TRAIN}.tfrecord")
    eval_file = os.path.join(folder, f"{splits.EVAL}.tfrecord")
    write(data.train_files, data.train_counts, train_file)
    write(data.eval_files, data.eval_counts, eval_file)
    num_classes = len(data.train_counts)
    return Data.from_files(data.indexer, [train_file], [eval_file], num_classes)


@contextlib.contextmanager
def _run_dir(folder: str) -> Iterator[str]:
    """Creates the folder of a training and removes it afterwards, also that of a killed one."""
    top = os.path.join(folder, _RUNNING)
    if tf.io.gfile.exists(top):
        tf.io.gfile.rmtree(top)
    try:
        # As deep as the Trainer's, so that files which a training rescues beside it go too.
        yield os.path.join(top, "run", "0")
    finally:
        tf.io.gfile.rmtree(top)
