"""Boxes given, boxes found and whole photos, asked of a stand-in for a servable."""

from typing import Any

import numpy as np
import tensorflow as tf

from components.evaluator import predictions_table
from components.evaluator.box_sources import SceneSample, judge
from schemas import features, signatures
from testing.models import quadrants

HEIGHT, WIDTH = 40, 80
PHOTO = quadrants.encoded(quadrants.mottled(HEIGHT, WIDTH), "JPEG")


def record(box: tuple[float, ...], has_scene: bool = True) -> bytes:
    sides = (features.BOX_TOP, features.BOX_LEFT, features.BOX_BOTTOM, features.BOX_RIGHT)
    feature = {
        name: tf.train.Feature(float_list=tf.train.FloatList(value=[side]))
        for name, side in zip(sides, box, strict=True)
    }
    if has_scene:
        feature[features.SCENE] = tf.train.Feature(bytes_list=tf.train.BytesList(value=[PHOTO]))
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def rows(labels: list[int], scored: list[bool] | None = None) -> dict[str, list[Any]]:
    return {
        predictions_table.PATH: [f"{number}.jpg" for number in range(len(labels))],
        predictions_table.LABEL_INDEX: labels,
        predictions_table.SCORED: scored or [True] * len(labels),
    }


class Servable:
    """Answers the mood 1 in boxes that begin at the corner, else 0; finds nothing or everything."""

    def __init__(self, box_source: bytes) -> None:
        self.signatures = {
            signatures.SERVE_BOX: self._by_box,
            signatures.SERVE_IMAGE: self._alone,
        }
        self.boxes: list[list[int]] = []
        self._box_source = box_source

    def _by_box(self, image_bytes: tf.Tensor, box: tf.Tensor) -> dict[str, tf.Tensor]:
        self.boxes += box.numpy().tolist()
        return {signatures.MOOD_INDEX: tf.cast(tf.reduce_max(box[:, :2], axis=1) == 0, tf.int64)}

    def _alone(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        count = len(image_bytes)
        index = -1 if self._box_source == b"" else 0
        return {
            signatures.MOOD_INDEX: tf.fill([count], index),
            signatures.BOX_SOURCE: tf.fill([count], self._box_source),
        }


def sample_of(records: list[bytes], columns: dict[str, list[Any]], most: int = 99) -> SceneSample:
    sample = SceneSample(most)
    sample.add(records, columns)
    return sample


def test_the_three_are_scored_on_the_same_photos() -> None:
    sample = sample_of([record((0.25, 0.5, 1, 1))] * 3, rows([0, 0, 1]))
    servable = Servable(b"found")
    scores = judge(sample, servable, 2)
    assert scores is not None
    assert servable.boxes[0] == [10, 40, 30, 40]
    assert servable.boxes[3] == [0, 0, HEIGHT, WIDTH]
    # Given and found: mood 0 for all. F1 of mood 0: 4 / 5; of mood 1: 0. Whole: mood 1 for all.
    for source, accuracy, f1 in (
        ("given", 2 / 3, 0.4),
        ("found", 2 / 3, 0.4),
        ("whole", 1 / 3, 0.25),
    ):
        assert scores[source]["rows"] == 3
        np.testing.assert_allclose(scores[source]["accuracy"], accuracy)
        np.testing.assert_allclose(scores[source]["macro_f1"], f1)


def test_a_photo_without_an_animal_counts_as_wrong() -> None:
    scores = judge(sample_of([record((0.25, 0.5, 1, 1))], rows([0])), Servable(b""), 2)
    assert scores is not None
    assert scores["found"] == {"rows": 1, "accuracy": 0.0, "macro_f1": 0.0, "unanswered": 1}


def test_a_servable_without_a_locator_has_no_scores_of_found_boxes() -> None:
    scores = judge(sample_of([record((0.25, 0.5, 1, 1))], rows([0])), Servable(b"whole"), 2)
    assert sorted(scores or ()) == ["given", "whole"]


def test_only_scored_rows_with_a_scene_are_taken_and_no_more_than_wanted() -> None:
    boxes = (0.25, 0.5, 1.0, 1.0)
    records = [record(boxes), record(boxes, has_scene=False), record(boxes)]
    assert len(sample_of(records, rows([0, 0, 0], [True, True, False])).photos()) == 1
    assert len(sample_of([record(boxes)] * 9, rows([0] * 9), most=4).photos()) == 4
    assert judge(sample_of([], rows([])), Servable(b"found"), 2) is None
