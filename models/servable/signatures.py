"""Functions of the servable's signatures: from a request to predictions.

A tf.data pipeline inside the signature preprocesses the rows in parallel and leaves out each row
that fails: TensorFlow's graphs have no other way to survive an operation that fails. The network
then gets the readable rows, and its outputs go back to the rows' positions. A request is
processed in chunks, so that memory does not grow with its size.

``models.servable.export`` makes a SavedModel of this; names are in ``schemas.signatures``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import tensorflow as tf

from models.inputs.autograph import without_autograph
from models.inputs.preprocessing import (
    PICTURE_SPEC,
    Preprocessed,
    preprocess,
    view_of,
    whole_picture,
)
from schemas import features, signatures

CHUNK_SIZE = 64
"""Pictures that are decoded and given to the network at a time."""

Outputs = dict[str, tf.Tensor]
"""Tensors of ``schemas.signatures`` by name."""

PreprocessRow = Callable[..., Preprocessed]
"""Returns the picture of one row's tensors; an operation in it may fail."""

_PARALLEL_DECODES = 16
_UNREADABLE, _OUTSIDE, _OK = 0, 1, 2
"""Status codes: indices of ``_STATUSES``."""
_STATUSES = (
    signatures.STATUS_IMAGE_UNREADABLE,
    signatures.STATUS_BOX_OUTSIDE_IMAGE,
    signatures.STATUS_OK,
)


@dataclass(frozen=True)
class ServingSpec:
    """Parameters of a servable besides the network.

    Attributes:
      mood_names: in index order.
      resolution: side of the square that the network sees, pixels.
      box_margin: a box is widened on each side by this share of its side, >= 0.
    """

    mood_names: tuple[str, ...]
    resolution: int
    box_margin: float


class Signatures:
    """Functions of the signatures around a network; all work in graphs only."""

    def __init__(self, network: Callable[[tf.Tensor], tf.Tensor], spec: ServingSpec) -> None:
        """Keeps the network, uint8[n, resolution, resolution, 3] to float32[n, k]."""
        self._network = network
        self._spec = spec

    def predict_images(self, image_bytes: tf.Tensor) -> Outputs:
        """Predicts whole pictures, string[n]."""
        return self._predict(
            [image_bytes],
            lambda encoded: preprocess(encoded, whole_picture, self._spec.resolution),
        )

    def predict_boxes(self, image_bytes: tf.Tensor, box: tf.Tensor) -> Outputs:
        """Predicts boxes, int64[n, 4] (y, x, height, width), on pictures, string[n]."""

        def preprocess_row(encoded: tf.Tensor, row_box: tf.Tensor) -> Preprocessed:
            return preprocess(
                encoded,
                lambda size: view_of(row_box, self._spec.box_margin, size),
                self._spec.resolution,
            )

        return self._predict([image_bytes, box], preprocess_row)

    def predict_examples(self, examples: tf.Tensor) -> Outputs:
        """Predicts serialized Examples, string[n], preprocessed as in the training's validation."""

        def preprocess_row(record: tf.Tensor) -> Preprocessed:
            parsed = tf.io.parse_single_example(record, PICTURE_SPEC)
            window = parsed[features.WINDOW]
            return preprocess(parsed[features.IMAGE], lambda size: window, self._spec.resolution)

        return self._predict([examples], preprocess_row)

    def predict_examples_in_bulk(self, examples: tf.Tensor) -> Outputs:
        """Predicts as ``predict_examples``, with texts of shape [n, 1] in place of [n]."""
        outputs = self.predict_examples(examples)
        texts = (signatures.MOOD, signatures.STATUS)
        return outputs | {name: outputs[name][:, tf.newaxis] for name in texts}

    def _predict(self, columns: Sequence[tf.Tensor], preprocess_row: PreprocessRow) -> Outputs:
        """Preprocesses and predicts the rows, chunk by chunk.

        Args:
          columns: tensors [n, ...]; row i has the element i of each.
          preprocess_row: see ``PreprocessRow``.
        """
        count = tf.shape(columns[0])[0]

        def predict_next(
            start: tf.Tensor, probabilities: tf.Tensor, codes: tf.Tensor
        ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            stop = tf.minimum(start + CHUNK_SIZE, count)
            chunk = [column[start:stop] for column in columns]
            more = self._predict_chunk(chunk, stop - start, preprocess_row)
            return stop, tf.concat([probabilities, more[0]], 0), tf.concat([codes, more[1]], 0)

        num_classes = len(self._spec.mood_names)
        _, probabilities, codes = tf.while_loop(
            lambda start, *_: start < count,
            predict_next,
            (tf.constant(0), tf.zeros([0, num_classes]), tf.zeros([0], tf.int32)),
            shape_invariants=(
                tf.TensorShape([]),
                tf.TensorShape([None, num_classes]),
                tf.TensorShape([None]),
            ),
            parallel_iterations=1,
        )
        return self._outputs(probabilities, codes)

    def _predict_chunk(
        self, columns: Sequence[tf.Tensor], count: tf.Tensor, preprocess_row: PreprocessRow
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the probabilities of a chunk's rows and their status codes.

        Returns:
          float32[count, k], zeros where the status is not ``_OK``, and int32[count].
        """
        indices, pictures = _preprocess_rows(columns, count, preprocess_row, self._spec.resolution)
        codes = tf.tensor_scatter_nd_update(
            tf.fill([count], _UNREADABLE),
            indices[:, tf.newaxis],
            tf.where(pictures.inside, _OK, _OUTSIDE),
        )
        ok_indices = tf.boolean_mask(indices, pictures.inside)
        num_classes = len(self._spec.mood_names)
        # From an empty batch oneDNN's fused convolutions make a wrong shape (TensorFlow 2.16; see
        # docs/decisions/0010-fast-step.md).
        ok_probabilities = tf.cond(
            tf.size(ok_indices) > 0,
            lambda: self._network(tf.boolean_mask(pictures.pixels, pictures.inside)),
            lambda: tf.zeros([0, num_classes]),
        )
        probabilities = tf.scatter_nd(
            ok_indices[:, tf.newaxis], ok_probabilities, [count, num_classes]
        )
        return probabilities, codes

    def _outputs(self, probabilities: tf.Tensor, codes: tf.Tensor) -> Outputs:
        names = tf.constant(self._spec.mood_names)
        predicted = tf.argmax(probabilities, axis=1)
        is_ok = tf.equal(codes, _OK)
        return {
            signatures.MOOD: tf.where(is_ok, tf.gather(names, predicted), ""),
            signatures.MOOD_INDEX: tf.where(is_ok, predicted, -1),
            signatures.PROBABILITIES: probabilities,
            signatures.MOODS: tf.tile(names[tf.newaxis, :], [tf.shape(codes)[0], 1]),
            signatures.STATUS: tf.gather(tf.constant(_STATUSES), codes),
        }


def _preprocess_rows(
    columns: Sequence[tf.Tensor], count: tf.Tensor, preprocess_row: PreprocessRow, resolution: int
) -> tuple[tf.Tensor, Preprocessed]:
    """Preprocesses the rows in parallel and drops each row that fails.

    Returns:
      int32[m], the indices of the rows that did not fail, and their pictures, stacked.
    """

    def preprocess_indexed(index: tf.Tensor, *row: tf.Tensor) -> tuple[tf.Tensor, Preprocessed]:
        return index, preprocess_row(*row)

    # Appended, and cut off below: a dataset without elements cannot be turned into tensors.
    blank = Preprocessed(tf.zeros([resolution, resolution, 3], tf.uint8), tf.constant(False))
    readable = (
        tf.data.Dataset.from_tensor_slices((tf.range(count), *columns))
        .map(
            without_autograph(preprocess_indexed),
            num_parallel_calls=_PARALLEL_DECODES,
            deterministic=True,
        )
        .ignore_errors()
        .concatenate(tf.data.Dataset.from_tensors((count, blank)))
        .batch(CHUNK_SIZE + 1)
    )
    indices, pictures = readable.with_options(_options()).get_single_element()
    return indices[:-1], Preprocessed(pictures.pixels[:-1], pictures.inside[:-1])


def _options() -> tf.data.Options:
    """Returns options without the rewriting and tuning that pay only for a long pipeline."""
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    return options
