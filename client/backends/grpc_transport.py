"""Requests to TensorFlow Serving over gRPC: PredictionService.Predict."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from client.backends import answer
from client.backends.address import Address
from client.backends.connection import Connection
from client.backends.errors import ServerError
from client.backends.failures import Failures
from client.backends.grpc_channel import channel_credentials, channel_options
from client.backends.model import Response
from dataset.boxes import PixelBox
from schemas import signatures
from schemas.labels import MAX_MOODS

_TOO_LARGE = ("larger than max", "larger than maximum input batch size")
"""Parts of the messages about size. The codes are not enough: gRPC's RESOURCE_EXHAUSTED means a
full queue or a large message, and TensorFlow Serving's INVALID_ARGUMENT any bad request, a batch
above its batching's limit included."""
_OWN_LIMIT = "CLIENT: Received message larger than max"
"""The message of gRPC's own side, where an answer exceeds the channel's limit."""
_TLS = ("handshake failed", "certificate", "SSL")
_TYPES = {
    signatures.STATUS: tf.string.as_datatype_enum,
    signatures.MOOD: tf.string.as_datatype_enum,
    signatures.MOODS: tf.string.as_datatype_enum,
    signatures.PROBABILITIES: tf.float32.as_datatype_enum,
    signatures.UNSURE: tf.bool.as_datatype_enum,
    signatures.BOX: tf.int64.as_datatype_enum,
    signatures.BOX_SOURCE: tf.string.as_datatype_enum,
    signatures.FOUND: tf.float32.as_datatype_enum,
}


class GrpcTransport:
    """A ``client.backends.tf_serving.Transport`` over channels that are kept open.

    The limit of an answer belongs to a channel. There is one for each power of two that a limit is
    rounded up to: for the first request, and for the usual size of a batch.
    """

    def __init__(self, address: Address, timeout: float, connection: Connection) -> None:
        """Prepares the channels; gRPC connects with the first request."""
        self._address = address
        self._timeout = timeout
        self._connection = connection
        self._failures = Failures(address, timeout, connection)
        token = connection.token
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()
        self._stubs: dict[int, Any] = {}
        self._lock = threading.Lock()

    def predict(
        self,
        pictures: Sequence[bytes],
        boxes: Sequence[PixelBox] | None,
        mood_names: Sequence[str] | None,
    ) -> list[Response]:
        """See ``client.backends.tf_serving.Transport``."""
        request = predict_request(self._address, pictures, boxes)
        stub = self._stub(answer.max_bytes(len(pictures), mood_names))
        try:
            reply = stub.Predict(request, timeout=self._timeout, metadata=self._metadata)
            return parse_responses(reply.outputs, len(pictures))
        except grpc.RpcError as error:
            raise self._server_error(error, len(pictures)) from error
        except (ValueError, MemoryError) as error:
            raise self._failures.nonsense(str(error) or type(error).__name__) from error

    def _stub(self, limit: int) -> Any:
        rounded = 1 << (limit - 1).bit_length()
        with self._lock:
            if rounded not in self._stubs:
                channel = open_channel(self._address.host, self._connection, rounded)
                self._stubs[rounded] = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            return self._stubs[rounded]

    def _server_error(self, error: grpc.RpcError, num_pictures: int) -> ServerError:
        code = error.code()
        details = error.details() or ""
        cause = f"{code.name}: {details}"
        if _OWN_LIMIT in details:
            return self._failures.nonsense("more bytes than any answer to this request has")
        if any(text in details for text in _TOO_LARGE):
            return self._failures.too_large(num_pictures, cause)
        if self._address.is_secure and any(text in details for text in _TLS):
            return self._failures.untrusted(cause)
        if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED):
            return self._failures.busy(cause)
        if code == grpc.StatusCode.DEADLINE_EXCEEDED:
            return self._failures.slow(num_pictures)
        if code == grpc.StatusCode.NOT_FOUND:
            return self._failures.not_found(cause)
        if code in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED):
            return self._failures.not_allowed(cause)
        return self._failures.refused(num_pictures, cause)


def predict_request(
    address: Address, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
) -> predict_pb2.PredictRequest:
    """Returns the request for encoded pictures, each with a box or all without."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = address.model
    if address.version is not None:
        request.model_spec.version.value = address.version
    if address.label is not None:
        request.model_spec.version_label = address.label
    request.model_spec.signature_name = (
        signatures.SERVE_IMAGE if boxes is None else signatures.SERVE_BOX
    )
    images = tf.make_tensor_proto(list(pictures), tf.string)
    request.inputs[signatures.IMAGE_BYTES].CopyFrom(images)
    if boxes is not None:
        box_tensor = tf.make_tensor_proto([list(box) for box in boxes], tf.int64)
        request.inputs[signatures.BOX].CopyFrom(box_tensor)
    # No output_filter: a server refuses a request for an output that an older servable lacks.
    return request


def open_channel(host: str, connection: Connection, limit: int) -> grpc.Channel:
    """Returns a channel whose answers have at most ``limit`` bytes, uncompressed."""
    options = channel_options(connection, limit)
    credentials = channel_credentials(connection)
    if credentials is None:
        return grpc.insecure_channel(host, options=options)
    return grpc.secure_channel(host, credentials, options=options)


def parse_responses(outputs: Mapping[str, Any], num_pictures: int) -> list[Response]:
    """Returns the responses in an answer, after a look at its tensors' types and shapes.

    Raises:
      answer.AnswerError: a tensor is missing or of another form.
      ValueError: a tensor's values are fewer or more than its shape says, or texts are not UTF-8.
    """
    missing = [name for name in answer.NEEDED if name not in outputs]
    if missing:
        raise answer.AnswerError(f"no {', '.join(missing)}")
    moods = outputs[signatures.MOODS].tensor_shape.dim
    num_moods = moods[1].size if len(moods) == 2 and moods[1].size <= MAX_MOODS else 0
    columns: list[list[Any]] = []
    for name in (*answer.NEEDED, *answer.OPTIONAL):
        if name not in outputs:
            columns.append([None] * num_pictures)
            continue
        tensor = outputs[name]
        is_table = name in (signatures.MOODS, signatures.PROBABILITIES)
        shape = [num_pictures, num_moods] if is_table else [num_pictures]
        if name == signatures.BOX:
            shape = [num_pictures, 4]
        received = [dim.size for dim in tensor.tensor_shape.dim]
        if tensor.dtype != _TYPES[name] or received != shape:
            raise answer.AnswerError(
                f"the output {name} of type {tensor.dtype} and shape {received[:8]} for "
                f"{num_pictures} pictures"
            )
        columns.append(tf.make_ndarray(tensor).tolist())
    return [answer.checked_response(*map(_decoded, row)) for row in zip(*columns, strict=True)]


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(each) for each in value]
    return value.decode() if isinstance(value, bytes) else value
