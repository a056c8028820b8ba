"""What the servable does with a request: the signatures' functions.

Each row is opened on its own, in parallel, and a row that cannot be opened is left out, by a
tf.data pipeline inside the signature: TensorFlow's graphs have no other way to survive an
operation that fails. The network then sees the sound rows, and the answers are put back into
their places. Requests are worked off in chunks, so that memory does not grow with their size.

How this becomes a SavedModel is in ``models.servable.export``; names are in ``schemas.signatures``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import tensorflow as tf

from models.inputs.preprocessing import PICTURE_SPEC, Preprocessed, preprocess, view_of, whole
from schemas import features, signatures

CHUNK = 64
"""Pictures that are decoded and shown to the network at a time."""

Answer = dict[str, tf.Tensor]

_PARALLEL_DECODES = 16
_UNREADABLE, _OUTSIDE, _OK = 0, 1, 2
_STATUSES = (
    signatures.STATUS_IMAGE_UNREADABLE,
    signatures.STATUS_BOX_OUTSIDE_IMAGE,
    signatures.STATUS_OK,
)


@dataclass(frozen=True)
class ServingSpec:
    """What a servable needs to know beside the network.

    Attributes:
      moods: names in index order.
      resolution: side of the square that the network sees, pixels.
      box_margin: a box is widened on each side by this share of its side, >= 0.
    """

    moods: tuple[str, ...]
    resolution: int
    box_margin: float


class Signatures:
    """The signatures' functions around a network; all work in graphs only."""

    def __init__(self, network: Callable[[tf.Tensor], tf.Tensor], spec: ServingSpec) -> None:
        """Keeps the network, uint8[n, resolution, resolution, 3] to float32[n, moods]."""
        self._network = network
        self._spec = spec

    def of_images(self, image_bytes: tf.Tensor) -> Answer:
        """Answers for whole pictures, string[n]."""
        return self._answer(
            [image_bytes], lambda encoded: preprocess(encoded, whole, self._spec.resolution)
        )

    def of_boxes(self, image_bytes: tf.Tensor, box: tf.Tensor) -> Answer:
        """Answers for boxes, int64[n, 4] (y, x, height, width), on pictures, string[n]."""

        def read(encoded: tf.Tensor, one_box: tf.Tensor) -> Preprocessed:
            return preprocess(
                encoded,
                lambda size: view_of(one_box, self._spec.box_margin, size),
                self._spec.resolution,
            )

        return self._answer([image_bytes, box], read)

    def of_examples(self, examples: tf.Tensor) -> Answer:
        """Answers for serialized Examples, string[n], as the evaluation in training sees them."""

        def read(record: tf.Tensor) -> Preprocessed:
            parsed = tf.io.parse_single_example(record, PICTURE_SPEC)
            window = parsed[features.WINDOW]
            return preprocess(parsed[features.IMAGE], lambda size: window, self._spec.resolution)

        return self._answer([examples], read)

    def of_examples_in_bulk(self, examples: tf.Tensor) -> Answer:
        """Answers as ``of_examples``, but texts of shape [n] come as [n, 1]."""
        answer = self.of_examples(examples)
        texts = (signatures.MOOD, signatures.STATUS)
        return answer | {name: answer[name][:, tf.newaxis] for name in texts}

    def _answer(self, rows: Sequence[tf.Tensor], read: Callable[..., Preprocessed]) -> Answer:
        """Reads the rows, chunk by chunk, and asks the network.

        Args:
          rows: tensors [n, ...], one slice of each a row.
          read: makes a row's picture of its slices, or fails.
        """
        count = tf.shape(rows[0])[0]

        def one_chunk(
            start: tf.Tensor, probabilities: tf.Tensor, codes: tf.Tensor
        ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            stop = tf.minimum(start + CHUNK, count)
            more = self._answer_chunk([row[start:stop] for row in rows], stop - start, read)
            return stop, tf.concat([probabilities, more[0]], 0), tf.concat([codes, more[1]], 0)

        moods = len(self._spec.moods)
        _, probabilities, codes = tf.while_loop(
            lambda start, *_: start < count,
            one_chunk,
            (tf.constant(0), tf.zeros([0, moods]), tf.zeros([0], tf.int32)),
            shape_invariants=(
                tf.TensorShape([]),
                tf.TensorShape([None, moods]),
                tf.TensorShape([None]),
            ),
            parallel_iterations=1,
        )
        return self._worded(probabilities, codes)

    def _answer_chunk(
        self, rows: Sequence[tf.Tensor], count: tf.Tensor, read: Callable[..., Preprocessed]
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns float32[count, moods], zeros where there is no answer, and int32[count]."""
        places, seen = _read_sound_rows(rows, count, read, self._spec.resolution)
        codes = tf.tensor_scatter_nd_update(
            tf.fill([count], _UNREADABLE),
            places[:, tf.newaxis],
            tf.where(seen.inside, _OK, _OUTSIDE),
        )
        answered = tf.boolean_mask(places, seen.inside)
        # Of an empty batch oneDNN's fused convolutions make a wrong shape (TensorFlow 2.16; see
        # docs/decisions/0010-fast-step.md).
        told = tf.cond(
            tf.size(answered) > 0,
            lambda: self._network(tf.boolean_mask(seen.pixels, seen.inside)),
            lambda: tf.zeros([0, len(self._spec.moods)]),
        )
        probabilities = tf.scatter_nd(answered[:, tf.newaxis], told, [count, len(self._spec.moods)])
        return probabilities, codes

    def _worded(self, probabilities: tf.Tensor, codes: tf.Tensor) -> Answer:
        """Returns the tensors of ``schemas.signatures``."""
        names = tf.constant(self._spec.moods)
        likeliest = tf.argmax(probabilities, axis=1)
        answered = tf.equal(codes, _OK)
        return {
            signatures.MOOD: tf.where(answered, tf.gather(names, likeliest), ""),
            signatures.MOOD_INDEX: tf.where(answered, likeliest, -1),
            signatures.PROBABILITIES: probabilities,
            signatures.MOODS: tf.tile(names[tf.newaxis, :], [tf.shape(codes)[0], 1]),
            signatures.STATUS: tf.gather(tf.constant(_STATUSES), codes),
        }


def _read_sound_rows(
    rows: Sequence[tf.Tensor], count: tf.Tensor, read: Callable[..., Preprocessed], resolution: int
) -> tuple[tf.Tensor, Preprocessed]:
    """Reads every row on its own and drops those that fail.

    Returns:
      The places of the sound rows, int32[m], and what was read of them, stacked.
    """

    def read_row(place: tf.Tensor, *row: tf.Tensor) -> tuple[tf.Tensor, Preprocessed]:
        return place, read(*row)

    as_written = tf.autograph.experimental.do_not_convert
    # Last comes an element of our own: a dataset without any cannot be turned into tensors.
    nothing = Preprocessed(tf.zeros([resolution, resolution, 3], tf.uint8), tf.constant(False))
    sound = (
        tf.data.Dataset.from_tensor_slices((tf.range(count), *rows))
        .map(as_written(read_row), num_parallel_calls=_PARALLEL_DECODES, deterministic=True)
        .ignore_errors()
        .concatenate(tf.data.Dataset.from_tensors((count, nothing)))
        .batch(CHUNK + 1)
    )
    places, seen = sound.with_options(_options()).get_single_element()
    return places[:-1], Preprocessed(seen.pixels[:-1], seen.inside[:-1])


def _options() -> tf.data.Options:
    """Returns options that spare each request the rewriting and tuning of a long pipeline."""
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    return options
