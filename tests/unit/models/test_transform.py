"""The Transform node's function, alone and as a graph."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft

from models.transform import preprocessing_fn
from schemas import features, labels
from testing.models import samples

CONFIG = {"moods": list(labels.DEFAULT_MOODS)}


@pytest.mark.parametrize(
    ("mood", "index"), [("화남/불쾌", 0), ("행복/즐거움", 2), ("불안/슬픔", 5)]
)
def test_the_index_is_that_of_the_label_map(mood: str, index: int) -> None:
    outputs = preprocessing_fn({features.LABEL: tf.constant([[mood]])}, CONFIG)
    assert outputs[features.LABEL_INDEX].dtype == tf.int64
    np.testing.assert_array_equal(outputs[features.LABEL_INDEX], [index])


def test_another_order_of_the_label_map_gives_other_indices() -> None:
    config = {"moods": ["공포", "화남/불쾌"]}
    outputs = preprocessing_fn({features.LABEL: tf.constant(["화남/불쾌", "공포"])}, config)
    np.testing.assert_array_equal(outputs[features.LABEL_INDEX], [1, 0])


def test_an_unknown_or_missing_label_is_minus_one_and_moves_no_other() -> None:
    sparse = tf.SparseTensor([[0, 0], [2, 0]], ["공포", "졸림"], [4, 1])
    outputs = preprocessing_fn({features.LABEL: sparse}, CONFIG)
    np.testing.assert_array_equal(outputs[features.LABEL_INDEX], [1, -1, -1, -1])
    no_values = tf.SparseTensor(np.zeros([0, 2], np.int64), tf.constant([], tf.string), [2, 0])
    outputs = preprocessing_fn({features.LABEL: no_values}, CONFIG)
    np.testing.assert_array_equal(outputs[features.LABEL_INDEX], [-1, -1])


def test_the_graph_gives_indices_and_nothing_else(transform_graph: str) -> None:
    output = tft.TFTransformOutput(transform_graph)
    assert set(output.transformed_feature_spec()) == {features.LABEL_INDEX}
    column = tf.constant([[mood] for mood in samples.MOODS])
    outputs = output.transform_features_layer()({features.LABEL: column})
    np.testing.assert_array_equal(outputs[features.LABEL_INDEX], [0, 1, 2, 3])


def test_the_graph_is_made_without_the_optional_features(tmp_path: Path) -> None:
    # The schema has species and group, and no Example here does.
    folder = samples.write_transform_graph(tmp_path, samples.MOODS)
    spec = tft.TFTransformOutput(folder).raw_feature_spec()
    assert isinstance(spec[features.SPECIES], tf.io.VarLenFeature)
    record = samples.example(b"not opened", samples.MOODS[2])
    parsed = tf.io.parse_example([record], {features.LABEL: spec[features.LABEL]})
    outputs = tft.TFTransformOutput(folder).transform_features_layer()(parsed)
    np.testing.assert_array_equal(outputs[features.LABEL_INDEX], [2])
