"""A gRPC server that answers what a test says, in place of TensorFlow Serving."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from typing import Any

import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from testing.client.hostile_rest import MOODS

Answer = Callable[[int, int, grpc.ServicerContext], predict_pb2.PredictResponse]
"""Returns the reply to a request, given its number from 0 and its number of pictures."""


def reply(
    num_pictures: int, mood_names: Sequence[str] = MOODS, **changes: Any
) -> predict_pb2.PredictResponse:
    """Returns what a sound server says of some pictures; changes are tensors by name."""
    names = [name.encode() for name in mood_names]
    tensors = {
        "status": tf.make_tensor_proto([b"ok"] * num_pictures),
        "mood": tf.make_tensor_proto([names[0]] * num_pictures),
        "moods": tf.make_tensor_proto([names] * num_pictures),
        "probabilities": tf.make_tensor_proto(
            [[1 / len(mood_names)] * len(mood_names)] * num_pictures, tf.float32
        ),
        **changes,
    }
    message = predict_pb2.PredictResponse()
    for name, tensor in tensors.items():
        if tensor is not None:
            message.outputs[name].CopyFrom(tensor)
    return message


@contextlib.contextmanager
def serve(
    answer: Answer, credentials: grpc.ServerCredentials | None = None, compressed: bool = False
) -> Iterator[str]:
    """Serves on a free port of 127.0.0.1 and yields the address."""
    numbers = iter(range(1 << 30))

    class Servicer(prediction_service_pb2_grpc.PredictionServiceServicer):
        def Predict(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
            count = request.inputs["image_bytes"].tensor_shape.dim[0].size
            return answer(next(numbers), count, context)

    server = grpc.server(
        futures.ThreadPoolExecutor(4),
        options=[("grpc.max_send_message_length", -1)],
        compression=grpc.Compression.Gzip if compressed else None,
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Servicer(), server)
    port = (
        server.add_insecure_port("127.0.0.1:0")
        if credentials is None
        else server.add_secure_port("127.0.0.1:0", credentials)
    )
    server.start()
    try:
        yield f"{'grpcs' if credentials else 'grpc'}://127.0.0.1:{port}"
    finally:
        server.stop(0).wait()
