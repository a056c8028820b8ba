"""Requests that TensorFlow Serving answers for itself before a version takes others'.

The first request of a kind is slow: kernels are chosen and memory is reserved then. TensorFlow
Serving replays the requests of ``assets.extra/tf_serving_warmup_requests`` when it loads a
version, a TFRecord of ``PredictionLog``
(https://www.tensorflow.org/tfx/serving/saved_model_warmup), and keeps the older version until
that is done. A request that fails there keeps the version from being served, so each is tried
here.
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
"""Pictures a request. A GPU chooses its kernels for each size anew, so these are the sizes that
``deploy/serving/batching-gpu.config`` lets a batch have."""

_SIDE = 256
_BOX = (32, 48, 160, 176)


class WarmUpError(RuntimeError):
    """A servable that does not answer the warm-up requests: it must not be served."""


def add(version: Path, model_name: str) -> None:
    """Writes the requests into a servable's folder and tries each on the servable.

    Args:
      version: holds ``saved_model.pb``.
      model_name: under which it will be served.

    Raises:
      WarmUpError: the servable cannot be loaded, or a picture of a request is not answered.
    """
    path = version / signatures.EXTRAS_FOLDER / FILE
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for request in _requests(model_name):
            log = prediction_log_pb2.PredictLog(request=request)
            record = prediction_log_pb2.PredictionLog(predict_log=log)
            writer.write(record.SerializeToString())
    check(version)


def check(version: Path) -> None:
    """Reads the requests of a servable's folder back and asks each of the servable.

    Raises:
      WarmUpError: see ``add``.
    """
    path = version / signatures.EXTRAS_FOLDER / FILE
    try:
        ask = tf.saved_model.load(str(version)).signatures
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
            _try(ask, request)
    except (tf.errors.OpError, OSError, ValueError, KeyError) as error:
        raise WarmUpError(
            f"A version must answer its own warm-up requests. {version}: "
            f"{type(error).__name__}: {error}. It is not pushed: look at the ServableCheck's report"
        ) from error


def _try(ask: Any, request: predict_pb2.PredictRequest) -> None:
    name = request.model_spec.signature_name
    inputs = {key: tf.constant(tf.make_ndarray(value)) for key, value in request.inputs.items()}
    statuses = ask[name](**inputs)[signatures.STATUS].numpy().tolist()
    asked = int(request.inputs[next(iter(request.inputs))].tensor_shape.dim[0].size)
    if statuses != [signatures.STATUS_OK.encode()] * asked:
        raise ValueError(f"{name} answers {asked} sound pictures with {statuses}")


def _requests(model_name: str) -> Iterator[predict_pb2.PredictRequest]:
    """Yields a request for each signature and size, the small ones first."""
    picture = _drawn()
    for count in BATCHES:
        pictures = tf.make_tensor_proto([picture] * count, tf.string)
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


def _drawn() -> bytes:
    """Returns a JPEG of a face on a meadow, as far as two discs and a square are one."""
    image = Image.new("RGB", (_SIDE, _SIDE), "olive")
    pen = ImageDraw.Draw(image)
    y, x, height, width = _BOX
    pen.rectangle((x, y, x + width - 1, y + height - 1), "sienna")
    for left in (x + 30, x + width - 60):
        pen.ellipse((left, y + 40, left + 30, y + 70), "black")
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90)
    return file.getvalue()


def _example(picture: bytes) -> bytes:
    values = {
        features.IMAGE: tf.train.Feature(bytes_list=tf.train.BytesList(value=[picture])),
        features.WINDOW: tf.train.Feature(int64_list=tf.train.Int64List(value=_BOX)),
    }
    example = tf.train.Example(features=tf.train.Features(feature=values))
    return bytes(example.SerializeToString())
