"""Functions of tf.data pipelines, run as they are written."""

import tensorflow as tf

without_autograph = tf.autograph.experimental.do_not_convert
"""Marks a function without Python loops and branches on tensors, to be mapped over a dataset.

AutoGraph has nothing to convert there, and takes seconds for each dataset to find that out.
"""
