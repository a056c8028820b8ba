"""Functions of the servable's signatures: from a request to predictions.

A tf.data pipeline inside the signature preprocesses the rows in parallel and leaves out each row
that fails: TensorFlow's graphs have no other way to survive an operation that fails. The network
then gets the readable rows, and its outputs go back to the rows' positions. A request is
processed in chunks, so that memory does not grow with its size. Photos that need much memory are
put off and decoded one after another.

With a locator, photos without a box are looked at first (``models.servable.finding``), and then
answered with the box that was found, as if it had been given.

``models.servable.export`` makes a SavedModel of this; names are in ``schemas.signatures``.
"""

from collections.abc import Callable, Sequence
from functools import partial

import tensorflow as tf

from models.inputs.photo import PhotoPreprocessor
from models.inputs.prepared_photo import Outcome, PreparedPhoto, Source
from models.inputs.preprocessing import PICTURE_SPEC
from models.servable.answers import NO_ANIMAL, STATUSES, Answered, Outputs
from models.servable.example_boxes import BOX_SPEC, box_in_photo
from models.servable.finding import Finder
from models.servable.rows import CHUNK_SIZE, PreprocessRow, at_places, preprocessed
from models.servable.serving_spec import Locator, ServingSpec
from schemas import features, labels, signatures


class Signatures:
    """Functions of the signatures around a network; all work in graphs only."""

    def __init__(
        self,
        network: Callable[[tf.Tensor], tf.Tensor],
        spec: ServingSpec,
        locator: Locator | None = None,
    ) -> None:
        """Keeps the network, uint8[n, resolution, resolution, 3] to float32[n, k]."""
        self._network = network
        self._spec = spec
        self._locator = locator
        self._preprocess = PhotoPreprocessor(
            spec.resolution, spec.box_margin, spec.limits, spec.box_overhang
        )
        # Two signatures share it: the graph, which takes seconds to make and to load, has it once.
        self._predict_examples = tf.function(
            self._predict_examples_here,
            input_signature=[tf.TensorSpec([None], tf.string)],
            autograph=False,
        )

    def predict_images(self, image_bytes: tf.Tensor) -> Outputs:
        """Predicts the animals of photos, string[n]; without a locator, the photos as a whole."""
        if self._locator is None:

            def answer(chunk: Sequence[tf.Tensor], count: tf.Tensor) -> Answered:
                return self._answer(chunk, count, _whole(self._preprocess))

            return self._predict([image_bytes], answer, signatures.BOX_WHOLE)
        return self._predict([image_bytes], self._answer_found, signatures.BOX_FOUND)

    def predict_boxes(self, image_bytes: tf.Tensor, box: tf.Tensor) -> Outputs:
        """Predicts boxes, int64[n, 4] (y, x, height, width), on upright photos, string[n]."""

        def preprocess_row(
            encoded: tf.Tensor, row_box: tf.Tensor, *, in_parallel: bool
        ) -> PreparedPhoto:
            return self._preprocess(encoded, row_box, Source.BOXED_PHOTO, in_parallel)

        return self._predict(
            [image_bytes, box], partial(self._answer, preprocess_row=preprocess_row)
        )

    def predict_examples(self, examples: tf.Tensor) -> Outputs:
        """Predicts serialized Examples, string[n], preprocessed as in the training's validation."""
        outputs: Outputs = self._predict_examples(examples)
        return outputs

    def _predict_examples_here(self, examples: tf.Tensor) -> Outputs:
        def preprocess_row(record: tf.Tensor, *, in_parallel: bool) -> PreparedPhoto:
            parsed = tf.io.parse_single_example(record, PICTURE_SPEC | BOX_SPEC)
            encoded, window = parsed[features.IMAGE], parsed[features.WINDOW]
            photo = self._preprocess(encoded, window, Source.EXAMPLE, in_parallel)
            return photo._replace(box=box_in_photo(parsed))

        return self._predict([examples], partial(self._answer, preprocess_row=preprocess_row))

    def predict_examples_in_bulk(self, examples: tf.Tensor) -> Outputs:
        """Predicts as ``predict_examples``, with texts of shape [n, 1] in place of [n]."""
        outputs = self.predict_examples(examples)
        texts = (
            signatures.MOOD,
            signatures.MOOD_ID,
            signatures.STATUS,
            signatures.BOX_SOURCE,
        )
        return outputs | {name: outputs[name][:, tf.newaxis] for name in texts}

    def _predict(
        self,
        columns: Sequence[tf.Tensor],
        answer: Callable[[Sequence[tf.Tensor], tf.Tensor], Answered],
        box_source: str = signatures.BOX_GIVEN,
    ) -> Outputs:
        """Answers the rows, chunk by chunk.

        Args:
          columns: tensors [n, ...]; row i has the element i of each.
          answer: answers a chunk, from its columns and their length.
          box_source: where the boxes come from.
        """
        count = tf.shape(columns[0])[0]
        num_classes = len(self._spec.mood_names)

        def answer_next(start: tf.Tensor, *answered: tf.Tensor) -> tuple[tf.Tensor, ...]:
            stop = tf.minimum(start + CHUNK_SIZE, count)
            more = answer([column[start:stop] for column in columns], stop - start)
            both = zip(answered, more, strict=True)
            return stop, *(tf.concat(parts, axis=0) for parts in both)

        none = Answered(
            tf.zeros([0, num_classes]),
            tf.zeros([0], tf.int32),
            tf.zeros([0, 4], tf.int64),
            tf.zeros([0]),
        )
        _, *answered = tf.while_loop(
            lambda start, *_: start < count,
            answer_next,
            (tf.constant(0), *none),
            shape_invariants=(
                tf.TensorShape([]),
                *(tf.TensorShape([None, *part.shape[1:]]) for part in none),
            ),
            parallel_iterations=1,
        )
        return self._outputs(Answered(*answered), box_source)

    def _answer(
        self, columns: Sequence[tf.Tensor], count: tf.Tensor, preprocess_row: PreprocessRow
    ) -> Answered:
        """Preprocesses and predicts a chunk's rows; their scores are 0."""
        indices, photos = preprocessed(columns, count, preprocess_row, self._spec.resolution)
        outcomes, boxes = at_places(indices, photos, count)
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
        return Answered(probabilities, outcomes, boxes, tf.zeros([count]))

    def _answer_found(self, columns: Sequence[tf.Tensor], count: tf.Tensor) -> Answered:
        """Finds the animals of a chunk's photos, and answers with the boxes found."""
        locator, (encoded,) = self._locator, columns
        assert locator is not None
        seen = Finder(locator, self._preprocess).find(encoded, count)
        is_found = seen.is_found(locator.min_score)

        def preprocess_row(row: tf.Tensor, box: tf.Tensor, *, in_parallel: bool) -> PreparedPhoto:
            return self._preprocess(row, box, Source.BOXED_PHOTO, in_parallel)

        places_found = tf.where(is_found)
        found = self._answer(
            [tf.boolean_mask(encoded, is_found), tf.boolean_mask(seen.boxes, is_found)],
            tf.shape(places_found)[0],
            preprocess_row,
        )
        is_read = tf.equal(seen.outcomes, int(Outcome.OK))
        outcomes = tf.where(is_read, NO_ANIMAL, seen.outcomes)
        num_classes = len(self._spec.mood_names)
        rows = tf.cast(count, tf.int64)
        return Answered(
            tf.scatter_nd(places_found, found.probabilities, [rows, num_classes]),
            tf.tensor_scatter_nd_update(outcomes, places_found, found.outcomes),
            tf.scatter_nd(places_found, found.boxes, [rows, 4]),
            seen.scores,
        )

    def _outputs(self, answered: Answered, box_source: str) -> Outputs:
        names = tf.constant(self._spec.mood_names)
        ids = tf.constant([labels.mood_id(name) for name in self._spec.mood_names])
        probabilities, outcomes = answered.probabilities, answered.outcomes
        predicted = tf.argmax(probabilities, axis=1)
        is_ok = tf.equal(outcomes, int(Outcome.OK))
        is_finite = tf.reduce_all(tf.math.is_finite(probabilities), axis=1)
        is_sure = is_finite & (tf.reduce_max(probabilities, axis=1) >= self._spec.unsure_below)
        statuses = tf.constant([STATUSES[outcome] for outcome in range(len(STATUSES))])
        found = answered.scores
        if box_source == signatures.BOX_GIVEN:
            found = tf.cast(is_ok, tf.float32)
        return {
            signatures.MOOD: tf.where(is_ok, tf.gather(names, predicted), ""),
            signatures.MOOD_ID: tf.where(is_ok, tf.gather(ids, predicted), ""),
            signatures.MOOD_INDEX: tf.where(is_ok, predicted, -1),
            signatures.PROBABILITIES: probabilities,
            signatures.MOODS: tf.tile(names[tf.newaxis, :], [tf.shape(outcomes)[0], 1]),
            signatures.UNSURE: is_ok & ~is_sure,
            signatures.STATUS: tf.gather(statuses, outcomes),
            signatures.BOX: answered.boxes,
            signatures.BOX_SOURCE: tf.where(is_ok, box_source, ""),
            signatures.FOUND: found,
        }


def _whole(preprocess: PhotoPreprocessor) -> PreprocessRow:
    """Returns what prepares a photo as a whole."""

    def preprocess_row(encoded: tf.Tensor, *, in_parallel: bool) -> PreparedPhoto:
        no_box = tf.zeros([4], tf.int64)
        return preprocess(encoded, no_box, Source.WHOLE_PHOTO, in_parallel)

    return preprocess_row
