"""Answers of a server, over REST and over gRPC, as the client reads them."""

import json
from collections.abc import Sequence

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import predict_pb2

from client.backends import grpc_transport, rest_transport
from client.backends.answer import check_moods
from client.backends.model import Response
from schemas import signatures
from schemas.labels import DEFAULT_MOODS

_MOODS = [*DEFAULT_MOODS]
_PICTURES = 2


class ServerAnswers:
    """Answers to two pictures; one that is taken has their number, and six moods each."""

    def __init__(self) -> None:
        self.batch_size = 1
        rest = json.dumps({"predictions": [_row(0), _row(5)]}, ensure_ascii=False).encode()
        grpc = _grpc_answer([_row(0), _row(5)])
        self.sound: tuple[bytes, ...] = (rest, grpc)

    def outcomes(self, inputs: Sequence[bytes]) -> list[str]:
        return [f"rest {self._rest_outcome(one)}, grpc {self._grpc_outcome(one)}" for one in inputs]

    def _rest_outcome(self, body: bytes) -> str:
        try:
            responses = rest_transport.parse_responses(body)
            check_moods(responses, _MOODS)
        except (ValueError, RecursionError, MemoryError):
            return "refused"
        _check(responses)
        return "ok"

    def _grpc_outcome(self, body: bytes) -> str:
        reply = predict_pb2.PredictResponse()
        try:
            reply.ParseFromString(body)  # By gRPC, whose error is an RpcError.
        except DecodeError:
            return "no message"
        try:
            responses = grpc_transport.parse_responses(reply.outputs, _PICTURES)
            check_moods(responses, _MOODS)
        except (ValueError, MemoryError):
            return "refused"
        assert len(responses) == _PICTURES
        _check(responses)
        return "ok"


def _check(responses: Sequence[Response]) -> None:
    for response in responses:
        assert [*response.probabilities] == _MOODS
        assert response.mood in ("", *_MOODS)
        assert all(isinstance(one, float) for one in response.probabilities.values())


def _row(index: int) -> dict[str, object]:
    return {
        signatures.STATUS: signatures.STATUS_OK,
        signatures.MOOD: _MOODS[index],
        signatures.MOOD_INDEX: index,
        signatures.MOODS: _MOODS,
        signatures.PROBABILITIES: [0.75 if at == index else 0.05 for at in range(len(_MOODS))],
    }


def _grpc_answer(rows: Sequence[dict[str, object]]) -> bytes:
    reply = predict_pb2.PredictResponse()
    reply.model_spec.name = "pet_mood"
    for name in rows[0]:
        values = [row[name] for row in rows]
        dtype = tf.float32 if name == signatures.PROBABILITIES else None
        reply.outputs[name].CopyFrom(tf.make_tensor_proto(values, dtype))
    return bytes(reply.SerializeToString())
