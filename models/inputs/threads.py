"""Threads of tf.data pipelines: given numbers, in place of what TensorFlow's tuner would find.

The tuner looks at a pipeline in a thread of its own, at intervals that double up to a minute, and
whoever lets an iterator go waits until that thread has woken (TensorFlow 2.16: the destructor of
``RootDataset::Iterator``). Keras keeps a validation's iterator until the next one, so that every
other epoch of the drawn sample stood still for 3 s, and the end of a training for up to a minute.
What the tuner would find is known here: a picture's decoding is the work, and fills all cores. An
interleave's ``AUTOTUNE`` is as many as it has files open, with and without the tuner.
"""

import os

import tensorflow as tf

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
"""Calls at a time of what decodes one picture."""
FEW = min(CORES, 8)
"""Calls at a time of what handles a whole batch, of which each holds megabytes."""
READY = 4
"""Batches that wait for their consumer."""


def untuned(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Returns the dataset without the tuner, for one with numbers in all its calls."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)
