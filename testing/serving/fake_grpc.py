"""The gRPC interface of the fake TensorFlow Serving: its real messages and services."""

import contextlib
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from testing.serving.fake_serving import FakeServing
from testing.serving.model_manager import RefusalError


class _PredictionServicer(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, serving: FakeServing) -> None:
        self._serving = serving

    def Predict(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        spec = request.model_spec
        try:
            if self._serving.max_bytes and request.ByteSize() > self._serving.max_bytes:
                raise RefusalError(
                    grpc.StatusCode.RESOURCE_EXHAUSTED,
                    f"Received message larger than max ({request.ByteSize()} vs. "
                    f"{self._serving.max_bytes})",
                )
            number, outputs = self._serving.predict(
                spec.name,
                spec.version.value if spec.HasField("version") else None,
                spec.version_label or None,
                spec.signature_name,
                {name: tf.make_ndarray(value) for name, value in request.inputs.items()},
            )
        except RefusalError as refusal:
            context.abort(refusal.code, refusal.text)
        reply = predict_pb2.PredictResponse()
        reply.model_spec.name = spec.name
        reply.model_spec.version.value = number
        reply.model_spec.signature_name = spec.signature_name or "serving_default"
        for name, value in outputs.items():
            if request.output_filter and name not in request.output_filter:
                continue
            reply.outputs[name].CopyFrom(tf.make_tensor_proto(value))
        return reply

    def GetModelMetadata(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        spec = request.model_spec
        version = spec.version.value if spec.HasField("version") else None
        reply = get_model_metadata_pb2.GetModelMetadataResponse()
        try:
            number = self._serving.version_of(spec.name, version, spec.version_label or None)
        except RefusalError as refusal:
            context.abort(refusal.code, refusal.text)
        reply.model_spec.name, reply.model_spec.version.value = spec.name, number
        return reply


class _ModelServicer(model_service_pb2_grpc.ModelServiceServicer):
    def __init__(self, serving: FakeServing) -> None:
        self._serving = serving

    def GetModelStatus(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        if request.model_spec.name != self._serving.name:
            context.abort(grpc.StatusCode.NOT_FOUND, "Could not find any versions of model")
        reply = get_model_status_pb2.GetModelStatusResponse()
        for version, (state, error) in self._serving.manager.states(self._serving.name).items():
            added = reply.model_version_status.add(version=version, state=state)
            added.status.error_code, added.status.error_message = 2 if error else 0, error
        return reply

    def HandleReloadConfigRequest(  # noqa: N802
        self, request: Any, context: grpc.ServicerContext
    ) -> Any:
        models = request.config.model_config_list.config
        self._serving.reloads.append([model.base_path for model in models])
        reply = model_management_pb2.ReloadConfigResponse()
        try:
            self._serving.manager.reload(request.config)
        except RefusalError as refusal:
            if self._serving.refuses_by_code:
                context.abort(refusal.code, refusal.text)
            reply.status.error_code = refusal.code.value[0]
            reply.status.error_message = refusal.text
        return reply


@contextlib.contextmanager
def serve_grpc(serving: FakeServing) -> Iterator[str]:
    """Serves on a free port and yields the address, ``grpc://127.0.0.1:port``."""
    server = grpc.server(
        futures.ThreadPoolExecutor(8),
        options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        _PredictionServicer(serving), server
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(_ModelServicer(serving), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"grpc://127.0.0.1:{port}"
    finally:
        server.stop(0).wait()
