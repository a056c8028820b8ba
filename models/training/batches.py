"""Batches of a training: those to learn from, those to choose the epoch on, and kept features."""

import functools
import logging
import math
from collections.abc import Sequence

import tensorflow as tf

from models.inputs import local_shards, records
from models.inputs.clip_sampler import ClipSampler, Ints, validation_examples
from models.inputs.input_pipeline import evaluation_batches, training_batches
from models.inputs.label_index import LabelIndexer
from models.inputs.shard_index import ShardIndex
from models.settings.training import TrainSettings
from models.trainer_config import TrainerConfig
from models.training import compiling, devices, head_features, losses
from models.training.data import Data

_LOGGER = logging.getLogger(__name__)


def steps_per_epoch(settings: TrainSettings, num_examples: int) -> int:
    """Returns the setting; for 0 one pass, rounded up to what a GPU does without Python."""
    if settings.steps_per_epoch:
        return settings.steps_per_epoch
    one_pass = math.ceil(num_examples / settings.batch_size)
    together = compiling.wanted_steps_per_execution(settings)
    # A small pass stays as it is; then fewer steps go together.
    return math.ceil(one_pass / together) * together if one_pass >= 10 * together else one_pass


def to_learn_from(
    config: TrainerConfig,
    indexer: LabelIndexer,
    index: ShardIndex,
    sampler: ClipSampler,
    start: int,
) -> tf.data.Dataset:
    """Returns the training's stream without its first ``start`` batches."""
    settings = config.train
    if records.reads_at_random(settings, index.files):
        stream = records.sampled(
            index, sampler, indexer, batch_size=settings.batch_size, start=start
        )
    else:
        stream = records.streamed(
            index.files,
            shuffle_buffer=settings.shuffle_buffer,
            seed=settings.seed,
            total=len(index),
            batch_size=settings.batch_size,
            start=start,
        )
    batches = training_batches(
        stream,
        indexer,
        losses.class_weights(settings, sampler.label_counts, config.moods),
        resolution=config.model.resolution,
        batch_size=settings.batch_size,
        augment=config.augment,
        seed=settings.seed,
    )
    return devices.with_data_autosharding(batches)


def kept_features(
    config: TrainerConfig,
    data: Data,
    index: ShardIndex,
    sampler: ClipSampler,
    validation: tf.data.Dataset,
    strategy: tf.distribute.Strategy,
) -> head_features.Keep | None:
    """Returns what computes the features for phases of the head alone; None if it is off."""
    settings = config.train
    at_random = records.reads_at_random(settings, index.files)
    if not settings.keep_features or not at_random or devices.spans_machines(strategy):
        return None

    def pictures(examples: Ints) -> tf.data.Dataset:
        return _evaluation_batches(config, data.indexer, records.selected(index, examples))

    return functools.partial(
        head_features.keep,
        sampler=sampler,
        label_indices=index.label_indices,
        class_weights=losses.class_weights(settings, sampler.label_counts, config.moods),
        batch_size=settings.batch_size,
        pictures=pictures,
        validation=validation,
    )


def to_choose_on(config: TrainerConfig, data: Data) -> tuple[tf.data.Dataset, int]:
    """Returns the batches of the validation after each epoch, and their number of examples."""
    frames_per_clip = config.train.validation_frames_per_clip
    if not frames_per_clip:
        batches = in_order(config, data.indexer, data.eval_files)
        return batches, sum(data.eval_counts)
    index = local_shards.on_this_machine(data.eval_index)
    examples = validation_examples(index.clips, frames_per_clip, config.train.seed)
    _LOGGER.info("Validating on %d of %d examples", len(examples), len(index))
    selected = records.selected(index, examples)
    return _evaluation_batches(config, data.indexer, selected), len(examples)


def in_order(config: TrainerConfig, indexer: LabelIndexer, files: Sequence[str]) -> tf.data.Dataset:
    """Returns batches of all records of shards, as stored."""
    return _evaluation_batches(config, indexer, records.ordered(files))


def _evaluation_batches(
    config: TrainerConfig, indexer: LabelIndexer, stream: tf.data.Dataset
) -> tf.data.Dataset:
    return evaluation_batches(
        stream,
        indexer,
        len(config.moods),
        resolution=config.model.resolution,
        batch_size=config.train.batch_size,
    )
