"""Training curves: a CSV table and TensorBoard's logs, with a point an epoch."""

import csv
import os
from typing import Any

import keras
import tensorflow as tf

from schemas import artifacts


def callbacks(run_dir: str, append: bool) -> list[keras.callbacks.Callback]:
    """Returns the callbacks that write ``artifacts.CURVES_CSV`` and ``TENSORBOARD`` (scalars only).

    Args:
      run_dir: folder for both.
      append: whether the table already has rows of earlier epochs.
    """
    return [
        keras.callbacks.TensorBoard(
            os.path.join(run_dir, artifacts.TENSORBOARD), write_graph=False
        ),
        _Table(os.path.join(run_dir, artifacts.CURVES_CSV), append=append),
    ]


class _Table(keras.callbacks.CSVLogger):
    """Keras' own, but for its end: of a table in a bucket it asks what TensorFlow's file lacks.

    Keras 3.12 reads ``closed``; the class can go when it no longer does.
    """

    def on_train_end(self, logs: Any = None) -> None:
        """Closes the file."""
        table: Any = getattr(self, "csv_file", None)
        if table is not None:
            table.close()
        self.csv_file = self.writer = None


def read(run_dir: str) -> list[dict[str, float]]:
    """Returns the table's rows; none if there is no table."""
    path = os.path.join(run_dir, artifacts.CURVES_CSV)
    if not tf.io.gfile.exists(path):
        return []
    with tf.io.gfile.GFile(path) as file:
        lines = file.read().splitlines()
    return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(lines)]


def replay_to_tensorboard(run_dir: str) -> None:
    """Writes the table's rows to TensorBoard's logs, as TensorBoard's callback would have.

    A training that goes on has the table from its backup, and new empty logs.
    """
    folder = os.path.join(run_dir, artifacts.TENSORBOARD)
    rows = read(run_dir)
    for split, prefix in (("train", ""), ("validation", "val_")):
        names = [
            name
            for name in (rows[0] if rows else ())
            if name != "epoch" and name.startswith("val_") == (split == "validation")
        ]
        if not names:
            continue
        with tf.summary.create_file_writer(os.path.join(folder, split)).as_default():
            for row in rows:
                for name in names:
                    tag = f"epoch_{name.removeprefix(prefix)}"
                    tf.summary.scalar(tag, row[name], step=int(row["epoch"]))
