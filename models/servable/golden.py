"""Golden predictions: those of the trained network for a few pictures, to check the export.

Both sides of the check compute in float32 on a CPU, whatever trained the network. A GPU would
round the factors of a convolution to 10 bits (TensorFloat-32, TensorFlow's default for float32 on
NVIDIA's Ampere and newer), and so differently for the network and for the servable, whose batch
normalisations are folded into its kernels: probabilities would differ by up to 1e-2. On a CPU
rounding alone moves them by some 1e-6, and the check can tell other faults from it.
"""

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dataset.boxes import PixelBox, view_of
from models.inputs.preprocessing import PICTURE_SPEC, preprocess
from models.location import second_look
from models.location.decoding import peaks
from models.location.scenes import as_seen, parsed
from models.servable.locating import LocatorNetwork
from models.servable.serving_spec import ServingSpec
from schemas import artifacts, features
from schemas.documents.servable import Expected

PICTURES = 16
"""Golden predictions at most."""

_BITS = 10
"""Mantissa bits of TensorFloat-32."""
_CPU = "CPU:0"

Floats = npt.NDArray[np.float32]


def write(
    model: keras.Model,
    files: Sequence[str],
    total: int,
    batches: Callable[[Sequence[str]], tf.data.Dataset],
    label_indices: Mapping[str, int],
    spec: ServingSpec,
    folder: str,
    locator: LocatorNetwork | None = None,
    scenes: Sequence[bytes] = (),
) -> None:
    """Writes Examples and the network's predictions for them.

    Args:
      model: the trained network, in float32.
      files: shards of the split that the model was chosen on.
      total: Examples in them. Some of the first shard are used, spread over it, because
        neighbours are frames of one clip.
      batches: returns the batches (pixels, ...) of shards, as in the evaluation.
      label_indices: of each mood, by the graph that made the training's labels.
      spec: resolution and margin of the servable.
      folder: gets ``artifacts.EXPECTED_RECORDS`` and ``EXPECTED_JSON``; with a locator also
        ``EXPECTED_SCENES``.
      locator: of the servable.
      scenes: Examples with scenes; some of them are used.
    """
    path = os.path.join(folder, artifacts.EXPECTED_RECORDS)
    step = max(1, math.ceil(total / len(files)) // PICTURES)
    records = list(
        tf.data.TFRecordDataset(files[0]).shard(step, 0).take(PICTURES).as_numpy_iterator()
    )
    with tf.io.TFRecordWriter(path) as writer:
        for record in records:
            writer.write(record)

    pixels = np.concatenate([batch.numpy() for batch, *_ in batches([path])])
    boxes = [_central_box(record) for record in records]
    boxed_pixels = np.stack(
        [_boxed(record, box, spec) for record, box in zip(records, boxes, strict=True)]
    )
    probabilities = predicted_on_cpu(model, pixels)
    places, scores = _places(locator, scenes[:PICTURES], folder) if locator else ([], [])
    document = Expected(
        moods=sorted(label_indices, key=lambda mood: label_indices[mood]),
        probabilities=probabilities.tolist(),
        boxes=[list(box) for box in boxes],
        box_probabilities=predicted_on_cpu(model, boxed_pixels).tolist(),
        rounding=_rounding(model, pixels, probabilities),
        places=places,
        scores=scores,
        min_score=locator.min_score if locator else 0.0,
    )
    with tf.io.gfile.GFile(os.path.join(folder, artifacts.EXPECTED_JSON), "w") as file:
        file.write(json.dumps(document, ensure_ascii=False))


def _places(
    locator: LocatorNetwork, scenes: Sequence[bytes], folder: str
) -> tuple[list[list[float]], list[float]]:
    """Writes scenes, and returns the best place in each and its score, as a CPU computes them."""
    with tf.io.TFRecordWriter(os.path.join(folder, artifacts.EXPECTED_SCENES)) as writer:
        for scene in scenes:
            writer.write(scene)
    jpegs = [parsed(tf.constant(scene)).jpeg for scene in scenes]
    pixels = np.stack([as_seen(jpeg, locator.resolution).numpy() for jpeg in jpegs])

    def predict(pixels: npt.NDArray[np.uint8]) -> tf.Tensor:
        return tf.constant(predicted_on_cpu(locator.model, pixels))

    found = peaks(predict(pixels))
    places = second_look.taken(predict, jpegs, found.boxes[:, 0], locator.resolution)
    return places.numpy().tolist(), found.scores[:, 0].numpy().tolist()


def predicted_on_cpu(model: keras.Model, pixels: npt.NDArray[np.uint8]) -> Floats:
    """Returns the probabilities, float32[n, k], as a CPU computes them.

    Args:
      model: in float32; its variables may be on a GPU, from which they are copied.
      pixels: uint8[n, resolution, resolution, 3].
    """
    # Eager: a compiled function would be placed where its variables are.
    with tf.device(_CPU):
        probabilities: Floats = model(tf.constant(pixels), training=False).numpy()
    return probabilities


def rounded_to_tf32(values: Floats) -> Floats:
    """Returns float32 with ``_BITS`` bits of mantissa, rounded to nearest, ties away from 0."""
    dropped = 23 - _BITS
    bits = values.view(np.uint32) + np.uint32(1 << (dropped - 1))
    rounded: Floats = (bits >> dropped << dropped).view(np.float32)
    return rounded


def _rounding(model: keras.Model, pixels: npt.NDArray[np.uint8], probabilities: Floats) -> float:
    """Returns how far rounding to 10 bits moves log-probabilities: this network's sensitivity.

    Kernels are rounded, on the same pictures. The model is left as it was.
    """
    weights = model.get_weights()
    try:
        model.set_weights(
            [rounded_to_tf32(value) if value.ndim > 1 else value for value in weights]
        )
        moved = predicted_on_cpu(model, pixels)
    finally:
        model.set_weights(weights)
    smallest = np.finfo(np.float32).tiny
    first, second = (np.log(np.maximum(values, smallest)) for values in (moved, probabilities))
    return float(np.abs(first - second).max())


def _central_box(record: bytes) -> PixelBox:
    """Returns a box of half the crop's sides in its middle, so that a margin changes its view."""
    encoded = tf.io.parse_single_example(record, PICTURE_SPEC)[features.IMAGE]
    height, width = tf.io.decode_image(encoded, expand_animations=False).shape[:2]
    return PixelBox(height // 4, width // 4, max(1, height // 2), max(1, width // 2))


def _boxed(record: bytes, box: PixelBox, spec: ServingSpec) -> npt.NDArray[np.uint8]:
    """Returns the pixels of a box on the crop; the view is computed without TensorFlow."""

    def choose_view(size: tf.Tensor) -> tf.Tensor:
        height, width = (int(side) for side in size)
        return tf.constant(view_of(box, spec.box_margin, height, width), tf.int64)

    encoded = tf.io.parse_single_example(record, PICTURE_SPEC)[features.IMAGE]
    pixels: npt.NDArray[np.uint8] = preprocess(encoded, choose_view, spec.resolution).pixels.numpy()
    return pixels
