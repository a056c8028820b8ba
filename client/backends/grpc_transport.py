"""Requests to TensorFlow Serving over gRPC: PredictionService.Predict."""

from collections.abc import Sequence

import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from client.backends.address import Address
from client.backends.errors import BusyError, ServerError, SlowError, TooLargeError
from client.backends.model import Response, responses_from
from dataset.boxes import PixelBox
from schemas import signatures

_NO_LIMIT = (("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1))
"""gRPC limits received messages to 4 MB by default; TensorFlow Serving lifts it on its side."""

_TOO_LARGE = ("larger than max", "larger than maximum input batch size")
"""Parts of the messages about size. The codes are not enough: gRPC's RESOURCE_EXHAUSTED means a
full queue or a large message, and TensorFlow Serving's INVALID_ARGUMENT any bad request, a batch
above its batching's limit included."""


class GrpcTransport:
    """A ``client.backends.tf_serving.Transport`` over one channel, which is kept open."""

    def __init__(self, address: Address, timeout: float) -> None:
        """Prepares the channel; gRPC connects with the first request."""
        self._address = address
        self._timeout = timeout
        if address.is_secure:
            credentials = grpc.ssl_channel_credentials()
            channel = grpc.secure_channel(address.host, credentials, options=_NO_LIMIT)
        else:
            channel = grpc.insecure_channel(address.host, options=_NO_LIMIT)
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)

    def predict(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        """See ``client.backends.tf_serving.Transport``."""
        request = predict_request(self._address, pictures, boxes)
        try:
            reply = self._stub.Predict(request, timeout=self._timeout)
            return responses_from({k: tf.make_ndarray(v) for k, v in reply.outputs.items()})
        except grpc.RpcError as error:
            raise self._server_error(error, len(pictures)) from error
        except (KeyError, TypeError, ValueError) as error:
            raise ServerError(
                f"{self._address.url} does not return the outputs of this project's models. "
                f"Received: {type(error).__name__}: {error}. Name one with /v1/models/NAME"
            ) from error

    def _server_error(self, error: grpc.RpcError, num_pictures: int) -> ServerError:
        code, url = error.code(), self._address.url
        details = error.details() or ""
        cause = f"{code.name}: {error.details()}"
        if any(text in details for text in _TOO_LARGE):
            return TooLargeError(
                f"{url} does not take a request of {num_pictures} pictures: {cause}"
            )
        if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED):
            return BusyError(
                f"{url} does not take requests: {cause}. Check that TensorFlow Serving runs there "
                "and is not overloaded, or name another address"
            )
        if code == grpc.StatusCode.DEADLINE_EXCEEDED:
            return SlowError(
                f"{url} has not answered {num_pictures} pictures within {self._timeout:g} s. "
                "Raise --timeout, or send fewer pictures at a time with --batch"
            )
        if code == grpc.StatusCode.NOT_FOUND:
            return ServerError(
                f"{url}: there is no such model, version or label: {cause}. Name a model that is "
                "served with /v1/models/NAME"
            )
        return ServerError(f"{url} has refused a request of {num_pictures} pictures: {cause}")


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
    return request
