"""Warm-up requests: TensorFlow Serving runs them before a new version gets requests of clients.

The first request of each kind is slow, because kernels are chosen and memory is reserved then.
When TensorFlow Serving loads a version, it replays the requests in
``assets.extra/tf_serving_warmup_requests``, a TFRecord of ``PredictionLog``
(https://www.tensorflow.org/tfx/serving/saved_model_warmup), and serves the older version until
that is done. A version with a failing request is never served, so each request is tried here.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf
from PIL import Image, ImageDraw
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from schemas import features, signatures

FILE = "tf_serving_warmup_requests"
"""In ``signatures.EXTRAS_FOLDER``: TensorFlow Serving's own name for it."""

BATCHES = (1, 2, 4, 8, 16, 32)
"""Numbers of pictures in a request. A GPU chooses its kernels for each size, so these are the
sizes that ``deploy/serving/batching-gpu.config`` allows a batch."""

_SIDE = 256
_FORMATS = ("JPEG", "PNG", "GIF", "BMP")
"""Of the photos in the request of four."""
_BOX = (32, 48, 160, 176)


class WarmUpError(RuntimeError):
    """A servable that fails on the warm-up requests, and must not be served."""


def add(version: Path, model_name: str) -> None:
    """Writes the requests into a servable's folder and tries each on the servable.

    Args:
      version: folder with ``saved_model.pb``.
      model_name: the name that the model will be served under.

    Raises:
      WarmUpError: the servable cannot be loaded, or a picture of a request gets no prediction.
    """
    path = version / signatures.EXTRAS_FOLDER / FILE
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for request in _requests(model_name):
            log = prediction_log_pb2.PredictLog(request=request)
            record = prediction_log_pb2.PredictionLog(predict_log=log)
            # The same bytes in every push of a model: the inputs are a map, which has no order.
            writer.write(record.SerializeToString(deterministic=True))
    check(version)


def check(version: Path) -> None:
    """Reads the requests in a servable's folder and tries each on the servable.

    Raises:
      WarmUpError: see ``add``.
    """
    path = version / signatures.EXTRAS_FOLDER / FILE
    try:
        servable = tf.saved_model.load(str(version))
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
            _try(servable, request)
    except (tf.errors.OpError, OSError, ValueError, KeyError) as error:
        raise WarmUpError(
            "A version must answer its own warm-up requests, and this one is not pushed. "
            f"Received: {version}: {type(error).__name__}: {error}. "
            "Look at the ServableCheck's report"
        ) from error


def _try(servable: Any, request: predict_pb2.PredictRequest) -> None:
    name = request.model_spec.signature_name
    inputs = {key: tf.constant(tf.make_ndarray(value)) for key, value in request.inputs.items()}
    statuses = servable.signatures[name](**inputs)[signatures.STATUS].numpy().tolist()
    count = int(request.inputs[next(iter(request.inputs))].tensor_shape.dim[0].size)
    # A locator need not take a drawn face for an animal.
    good = {signatures.STATUS_OK.encode(), signatures.STATUS_NO_ANIMAL.encode()}
    if len(statuses) != count or not {*statuses} <= good:
        raise ValueError(f"{name} gives {count} good pictures the statuses {statuses}")


def _requests(model_name: str) -> Iterator[predict_pb2.PredictRequest]:
    """Yields a request for each signature and size, the small sizes first."""
    picture = _draw_picture("JPEG")
    # TensorFlow prepares a format's functions at its first photo, which takes up to a second.
    formats = [_draw_picture(kind) for kind in _FORMATS]
    for count in BATCHES:
        photos = formats if count == len(formats) else [picture] * count
        pictures = tf.make_tensor_proto(photos, tf.string)
        boxes = tf.make_tensor_proto([_BOX] * count, tf.int64)
        examples = tf.make_tensor_proto([_example(picture)] * count, tf.string)
        for signature, inputs in (
            (signatures.SERVE_IMAGE, {signatures.IMAGE_BYTES: pictures}),
            (signatures.SERVE_BOX, {signatures.IMAGE_BYTES: pictures, signatures.BOX: boxes}),
            (signatures.SERVE_EXAMPLE, {signatures.EXAMPLES: examples}),
        ):
            request = predict_pb2.PredictRequest(inputs=inputs)
            request.model_spec.name = model_name
            request.model_spec.signature_name = signature
            yield request


def _draw_picture(kind: str) -> bytes:
    """Returns a rough face on a green ground, a square and two discs, in a format of Pillow's."""
    image = Image.new("RGB", (_SIDE, _SIDE), "olive")
    pen = ImageDraw.Draw(image)
    y, x, height, width = _BOX
    pen.rectangle((x, y, x + width - 1, y + height - 1), "sienna")
    for left in (x + 30, x + width - 60):
        pen.ellipse((left, y + 40, left + 30, y + 70), "black")
    file = io.BytesIO()
    image.save(file, kind, quality=90)
    return file.getvalue()


def _example(picture: bytes) -> bytes:
    values = {
        features.IMAGE: tf.train.Feature(bytes_list=tf.train.BytesList(value=[picture])),
        features.WINDOW: tf.train.Feature(int64_list=tf.train.Int64List(value=_BOX)),
    }
    example = tf.train.Example(features=tf.train.Features(feature=values))
    return bytes(example.SerializeToString(deterministic=True))
