"""Macro-F1 as a Keras metric, with the definition of ``dataset.scores``."""

from typing import Any

import keras
import tensorflow as tf

from models.settings.training_choices import MACRO_F1


class MacroF1(keras.metrics.Metric):
    """Mean F1 over the moods that have rows, [0, 1].

    Keras' ``F1Score(average="macro")`` counts a mood without rows as 0, and two moods that are
    equally likely both as predicted. Here, as in the Evaluator, the means are over the moods that
    there are, the first of equals is predicted, and a row with NaN predicts no mood.
    """

    def __init__(self, num_classes: int, name: str = MACRO_F1, **options: Any) -> None:
        """Creates the metric for labels float32[n, num_classes], one-hot or mixed."""
        super().__init__(name=name, **options)
        self._num_classes = num_classes
        self._correct, self._predicted, self._rows = (
            self.add_weight(shape=(num_classes,), initializer="zeros", name=part)
            for part in ("correct", "predicted", "rows")
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds rows; weights are ignored.

        Args:
          y_true: float[n, k], rows that sum to 1.
          y_pred: float[n, k], probabilities.
          sample_weight: not used: moods count alike, whatever the loss does.
        """
        del sample_weight
        y_true, y_pred = tf.cast(y_true, tf.float32), tf.cast(y_pred, tf.float32)
        finite = tf.reduce_all(tf.math.is_finite(y_pred), axis=1, keepdims=True)
        predicted = tf.one_hot(tf.argmax(y_pred, axis=1), self._num_classes)
        predicted = tf.where(finite, predicted, 0.0)
        self._correct.assign_add(tf.reduce_sum(predicted * y_true, axis=0))
        self._predicted.assign_add(tf.reduce_sum(predicted, axis=0))
        self._rows.assign_add(tf.reduce_sum(y_true, axis=0))

    def result(self) -> tf.Tensor:
        """Returns float32[]; 0 before any row."""
        correct, predicted, rows = (
            tf.convert_to_tensor(part) for part in (self._correct, self._predicted, self._rows)
        )
        f1s = tf.math.divide_no_nan(2.0 * correct, predicted + rows)
        present = tf.cast(rows > 0, tf.float32)
        return tf.math.divide_no_nan(tf.reduce_sum(f1s * present), tf.reduce_sum(present))
