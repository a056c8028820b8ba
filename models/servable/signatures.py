"""Functions of the servable's signatures: from a request to predictions.

A tf.data pipeline inside the signature preprocesses the rows in parallel and leaves out each row
that fails: TensorFlow's graphs have no other way to survive an operation that fails. The network
then gets the readable rows, and its outputs go back to the rows' positions. A request is
processed in chunks, so that memory does not grow with its size. Photos that need much memory are
put off and decoded one after another.

``models.servable.export`` makes a SavedModel of this; names are in ``schemas.signatures``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import tensorflow as tf

from models.inputs.autograph import without_autograph
from models.inputs.photo import Limits, Outcome, PhotoPreprocessor, PreparedPhoto, Source
from models.inputs.preprocessing import PICTURE_SPEC
from schemas import features, labels, signatures
from schemas.documents.training import FittedOn, TrainedOnKind

CHUNK_SIZE = 64
"""Pictures that are decoded and given to the network at a time."""

Outputs = dict[str, tf.Tensor]
"""Tensors of ``schemas.signatures`` by name."""

PreprocessRow = Callable[..., PreparedPhoto]
"""Returns the picture of one row: from the row's tensors, and from ``in_parallel``, whether it
runs for several rows at the same time. An operation in it may fail."""

_PARALLEL_DECODES = 16
_STATUSES = {
    Outcome.UNREADABLE: signatures.STATUS_IMAGE_UNREADABLE,
    Outcome.BOX_OUTSIDE: signatures.STATUS_BOX_OUTSIDE_IMAGE,
    Outcome.TOO_LARGE: signatures.STATUS_IMAGE_TOO_LARGE,
    Outcome.TOO_LARGE_FOR_PARALLEL: "",  # Is decoded in the end.
    Outcome.OK: signatures.STATUS_OK,
}


@dataclass(frozen=True)
class ServingSpec:
    """Parameters of a servable besides the network.

    Attributes:
      mood_names: in index order.
      resolution: side of the square that the network sees, pixels.
      box_margin: a box is widened on each side by this share of its side, >= 0.
      limits: of a picture.
      box_overhang: share of a box's side that may lie outside of the photo, 0 to 0.5.
      unsure_below, temperature, fitted_on, trained_on: see
        ``schemas.documents.training.Preprocessing``. The network has the temperature in it.
    """

    mood_names: tuple[str, ...]
    resolution: int
    box_margin: float
    limits: Limits = field(default_factory=Limits)
    box_overhang: float = 0.0
    unsure_below: float = 0.0
    temperature: float = 1.0
    fitted_on: FittedOn = ""
    trained_on: TrainedOnKind = ""


class Signatures:
    """Functions of the signatures around a network; all work in graphs only."""

    def __init__(self, network: Callable[[tf.Tensor], tf.Tensor], spec: ServingSpec) -> None:
        """Keeps the network, uint8[n, resolution, resolution, 3] to float32[n, k]."""
        self._network = network
        self._spec = spec
        self._preprocess = PhotoPreprocessor(
            spec.resolution, spec.box_margin, spec.limits, spec.box_overhang
        )

    def predict_images(self, image_bytes: tf.Tensor) -> Outputs:
        """Predicts whole photos, string[n]."""
        no_box = tf.zeros([4], tf.int64)

        def preprocess_row(encoded: tf.Tensor, *, in_parallel: bool) -> PreparedPhoto:
            return self._preprocess(encoded, no_box, Source.WHOLE_PHOTO, in_parallel)

        return self._predict([image_bytes], preprocess_row)

    def predict_boxes(self, image_bytes: tf.Tensor, box: tf.Tensor) -> Outputs:
        """Predicts boxes, int64[n, 4] (y, x, height, width), on upright photos, string[n]."""

        def preprocess_row(
            encoded: tf.Tensor, row_box: tf.Tensor, *, in_parallel: bool
        ) -> PreparedPhoto:
            return self._preprocess(encoded, row_box, Source.BOXED_PHOTO, in_parallel)

        return self._predict([image_bytes, box], preprocess_row)

    def predict_examples(self, examples: tf.Tensor) -> Outputs:
        """Predicts serialized Examples, string[n], preprocessed as in the training's validation."""

        def preprocess_row(record: tf.Tensor, *, in_parallel: bool) -> PreparedPhoto:
            parsed = tf.io.parse_single_example(record, PICTURE_SPEC)
            encoded, window = parsed[features.IMAGE], parsed[features.WINDOW]
            return self._preprocess(encoded, window, Source.EXAMPLE, in_parallel)

        return self._predict([examples], preprocess_row)

    def predict_examples_in_bulk(self, examples: tf.Tensor) -> Outputs:
        """Predicts as ``predict_examples``, with texts of shape [n, 1] in place of [n]."""
        outputs = self.predict_examples(examples)
        texts = (signatures.MOOD, signatures.MOOD_ID, signatures.STATUS)
        return outputs | {name: outputs[name][:, tf.newaxis] for name in texts}

    def _predict(self, columns: Sequence[tf.Tensor], preprocess_row: PreprocessRow) -> Outputs:
        """Preprocesses and predicts the rows, chunk by chunk.

        Args:
          columns: tensors [n, ...]; row i has the element i of each.
          preprocess_row: see ``PreprocessRow``.
        """
        count = tf.shape(columns[0])[0]

        def predict_next(
            start: tf.Tensor, probabilities: tf.Tensor, outcomes: tf.Tensor
        ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            stop = tf.minimum(start + CHUNK_SIZE, count)
            chunk = [column[start:stop] for column in columns]
            more = self._predict_chunk(chunk, stop - start, preprocess_row)
            return stop, tf.concat([probabilities, more[0]], 0), tf.concat([outcomes, more[1]], 0)

        num_classes = len(self._spec.mood_names)
        _, probabilities, outcomes = tf.while_loop(
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
        return self._outputs(probabilities, outcomes)

    def _predict_chunk(
        self, columns: Sequence[tf.Tensor], count: tf.Tensor, preprocess_row: PreprocessRow
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the probabilities of a chunk's rows and their outcomes.

        Returns:
          float32[count, k], zeros where the outcome is not ``Outcome.OK``, and int32[count].
        """
        indices, photos = _preprocess_rows(columns, count, preprocess_row, self._spec.resolution)
        outcomes = tf.tensor_scatter_nd_update(
            tf.fill([count], int(Outcome.UNREADABLE)), indices[:, tf.newaxis], photos.outcome
        )
        is_ok = tf.equal(photos.outcome, int(Outcome.OK))
        ok_indices = tf.boolean_mask(indices, is_ok)
        num_classes = len(self._spec.mood_names)
        # From an empty batch oneDNN's fused convolutions make a wrong shape (TensorFlow 2.16; see
        # docs/decisions/0010-fast-step.md).
        ok_probabilities = tf.cond(
            tf.size(ok_indices) > 0,
            lambda: self._network(tf.boolean_mask(photos.pixels, is_ok)),
            lambda: tf.zeros([0, num_classes]),
        )
        probabilities = tf.scatter_nd(
            ok_indices[:, tf.newaxis], ok_probabilities, [count, num_classes]
        )
        return probabilities, outcomes

    def _outputs(self, probabilities: tf.Tensor, outcomes: tf.Tensor) -> Outputs:
        names = tf.constant(self._spec.mood_names)
        ids = tf.constant([labels.mood_id(name) for name in self._spec.mood_names])
        predicted = tf.argmax(probabilities, axis=1)
        is_ok = tf.equal(outcomes, int(Outcome.OK))
        is_finite = tf.reduce_all(tf.math.is_finite(probabilities), axis=1)
        is_sure = is_finite & (tf.reduce_max(probabilities, axis=1) >= self._spec.unsure_below)
        statuses = tf.constant([_STATUSES[outcome] for outcome in Outcome])
        return {
            signatures.MOOD: tf.where(is_ok, tf.gather(names, predicted), ""),
            signatures.MOOD_ID: tf.where(is_ok, tf.gather(ids, predicted), ""),
            signatures.MOOD_INDEX: tf.where(is_ok, predicted, -1),
            signatures.PROBABILITIES: probabilities,
            signatures.MOODS: tf.tile(names[tf.newaxis, :], [tf.shape(outcomes)[0], 1]),
            signatures.UNSURE: is_ok & ~is_sure,
            signatures.STATUS: tf.gather(statuses, outcomes),
        }


def _preprocess_rows(
    columns: Sequence[tf.Tensor], count: tf.Tensor, preprocess_row: PreprocessRow, resolution: int
) -> tuple[tf.Tensor, PreparedPhoto]:
    """Preprocesses the rows in parallel, then those put off one by one; drops each that fails.

    Returns:
      int32[m], the indices of the rows that did not fail, and their photos, stacked.
    """
    indices = tf.range(count)
    indices, photos = _preprocess_at(
        indices, columns, partial(preprocess_row, in_parallel=True), resolution, _PARALLEL_DECODES
    )
    is_put_off = tf.equal(photos.outcome, int(Outcome.TOO_LARGE_FOR_PARALLEL))

    def with_put_off() -> tuple[tf.Tensor, PreparedPhoto]:
        later = tf.boolean_mask(indices, is_put_off)
        rows = [tf.gather(column, later) for column in columns]
        more = _preprocess_at(
            later, rows, partial(preprocess_row, in_parallel=False), resolution, None
        )
        done = tf.nest.map_structure(
            lambda one: tf.boolean_mask(one, ~is_put_off), (indices, photos)
        )
        return tf.nest.map_structure(lambda *parts: tf.concat(parts, axis=0), done, more)

    return tf.cond(tf.reduce_any(is_put_off), with_put_off, lambda: (indices, photos))


def _preprocess_at(
    indices: tf.Tensor,
    columns: Sequence[tf.Tensor],
    preprocess_row: Callable[..., PreparedPhoto],
    resolution: int,
    parallel_calls: int | None,
) -> tuple[tf.Tensor, PreparedPhoto]:
    """Preprocesses rows and drops each that fails.

    Args:
      indices: int32[n], of the rows.
      columns: tensors [n, ...].
      preprocess_row: gets a row of the columns; an operation in it may fail.
      resolution: side of the pictures, pixels.
      parallel_calls: rows at a time; None is one.

    Returns:
      As ``_preprocess_rows``.
    """

    def preprocess_indexed(index: tf.Tensor, *row: tf.Tensor) -> tuple[tf.Tensor, PreparedPhoto]:
        return index, preprocess_row(*row)

    # Appended, and cut off below: a dataset without elements cannot be turned into tensors.
    blank = PreparedPhoto(tf.zeros([resolution, resolution, 3], tf.uint8), tf.constant(0))
    readable = (
        tf.data.Dataset.from_tensor_slices((indices, *columns))
        .map(
            without_autograph(preprocess_indexed),
            num_parallel_calls=parallel_calls,
            deterministic=None if parallel_calls is None else True,
        )
        .ignore_errors()
        .concatenate(tf.data.Dataset.from_tensors((tf.constant(-1), blank)))
        .batch(CHUNK_SIZE + 1)
    )
    indices, photos = readable.with_options(_options()).get_single_element()
    return indices[:-1], PreparedPhoto(photos.pixels[:-1], photos.outcome[:-1])


def _options() -> tf.data.Options:
    """Returns options without the rewriting and tuning that pay only for a long pipeline."""
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    return options
