"""A fake TensorFlow Serving with its gRPC and REST interfaces, as the real one cannot be installed.

It implements PredictionService and ModelService over gRPC and the predict and status calls over
REST, with the real messages, around SavedModels loaded by TensorFlow. Its errors have the codes
and texts of TensorFlow Serving 2.16's source; ``testing.serving.model_manager`` has its rules for
versions and labels. A test can make it fail, wait or limit requests.
"""

import base64
import contextlib
import json
import re
import time
from collections.abc import Iterator
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

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
from tensorflow_serving.config import model_server_config_pb2

from testing.serving.model_manager import ModelManager, RefusalError

_PATH = re.compile(
    r"/v1/models/([^/:]+)(?:/versions/(\d+)|/labels/([^/:]+))?(?:(?::(predict))|/(metadata))?"
)
_HTTP_CODES = {  # tensorflow_serving/util/net_http and http_server.cc: ToHTTPStatusCode.
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.INTERNAL: 500,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}


class HandledRequest(NamedTuple):
    """A request that got predictions."""

    signature: str
    version: int
    num_pictures: int


class FakeServing:
    """The models, shared by both interfaces.

    Attributes:
      faults: errors for the next requests, first to last.
      seconds: delay of each request.
      max_batch_size: limit of batching that does not split larger batches.
      max_bytes: size limit of a request; a proxy in front of a server may have one.
      handled: the requests that got predictions.
      reloads: commands to serve other models, each the models' base paths.
      refuses_by_code: whether a refused command has a gRPC code, or only a status in its answer.
    """

    def __init__(
        self,
        name: str,
        versions: Path | ModelManager,
        labels: dict[str, int] | None = None,
    ) -> None:
        """Serves a model.

        Args:
          name: of the model.
          versions: folder of versions, all of which are served; or what manages them.
          labels: of these versions.
        """
        self.name = name
        if isinstance(versions, Path):
            self.manager = ModelManager(lambda path: tf.saved_model.load(str(path)))
            self.manager.reload(_config_of_all(name, versions, labels or {}))
        else:
            self.manager = versions
        self.manager.states(name)
        self.faults: list[RefusalError] = []
        self.seconds = 0.0
        self.max_batch_size: int | None = None
        self.max_bytes: int | None = None
        self.handled: list[HandledRequest] = []
        self.reloads: list[list[str]] = []
        self.refuses_by_code = True

    @property
    def _loaded(self) -> dict[int, Any]:
        return self.manager.servables(self.name)

    @property
    def versions(self) -> list[int]:
        """The served versions, the newest first."""
        return sorted(self._loaded, reverse=True)

    def version_of(self, model: str, version: int | None, label: str | None) -> int:
        """Returns the version that a request means."""
        labels = self.manager.labels(self.name)
        if label is not None and label not in labels:
            raise RefusalError(
                grpc.StatusCode.INVALID_ARGUMENT, f"Unrecognized servable version label: {label}"
            )
        served = self.versions
        number = labels[label] if label else version or (served[0] if served else 0)
        if model != self.name or number not in served:
            requested = f"Specific({model}, {number})" if version or label else f"Latest({model})"
            raise RefusalError(
                grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {requested}"
            )
        return number

    def signature_inputs(self, name: str) -> set[str]:
        """Returns the input names of a signature of the newest version."""
        signature = self._loaded[self.versions[0]].signatures[name]
        return set(signature.structured_input_signature[1])

    def predict(
        self, model: str, version: int | None, label: str | None, signature: str, inputs: Any
    ) -> tuple[int, dict[str, Any]]:
        """Returns the version that predicts, and its outputs as arrays."""
        # Before the delay: a client may give up, and the next test then replaces the list.
        handled = self.handled
        time.sleep(self.seconds)
        if self.faults:
            raise self.faults.pop(0)

        # Version and signature.
        number = self.version_of(model, version, label)
        signatures = self._loaded[number].signatures
        signature = signature or "serving_default"
        if signature not in signatures:
            raise RefusalError(
                grpc.StatusCode.INVALID_ARGUMENT,
                f'Serving signature key "{signature}" not found.',
            )

        # Inputs.
        count = len(next(iter(inputs.values())))
        if self.max_batch_size is not None and count > self.max_batch_size:
            raise RefusalError(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"Task size {count} is larger than maximum input batch size {self.max_batch_size}",
            )
        specs = signatures[signature].structured_input_signature[1]
        if set(specs) != set(inputs):
            raise RefusalError(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"input size does not match signature: {len(inputs)}!={len(specs)}",
            )

        tensors = {name: tf.constant(value, specs[name].dtype) for name, value in inputs.items()}
        outputs = signatures[signature](**tensors)
        handled.append(HandledRequest(signature, number, count))
        return number, {name: tensor.numpy() for name, tensor in outputs.items()}


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


class _RestHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # The head and the body of an answer are sent apart; the body would wait up to 40 ms.
    disable_nagle_algorithm = True
    serving: FakeServing

    def do_GET(self) -> None:
        path = _PATH.fullmatch(self.path)
        if path is None or path[1] != self.serving.name:
            return self._send(404, {"error": f"Malformed request: GET {self.path}"})
        if path[5]:
            return self._send_metadata(path)
        states = [
            {
                "version": str(version),
                "state": state,
                "status": {"error_code": "UNKNOWN" if error else "OK", "error_message": error},
            }
            for version, (state, error) in self.serving.manager.states(path[1]).items()
        ]
        return self._send(200, {"model_version_status": states})

    def _send_metadata(self, path: re.Match[str]) -> None:
        try:
            version = int(path[2]) if path[2] else None
            number = self.serving.version_of(path[1], version, path[3])
        except RefusalError as refusal:
            return self._send(_HTTP_CODES[refusal.code], {"error": refusal.text})
        spec = {"name": path[1], "signature_name": "", "version": str(number)}
        return self._send(200, {"model_spec": spec, "metadata": {}})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path = _PATH.fullmatch(self.path)
        if self.serving.max_bytes and len(body) > self.serving.max_bytes:
            return self._send(413, None)
        if path is None or not path[4]:
            return self._send(404, {"error": f"Malformed request: POST {self.path}"})
        try:
            document = json.loads(body, object_hook=_decode_base64)
            signature = document.get("signature_name", "serving_default")
            inputs = self._inputs(document, signature)
            version = int(path[2]) if path[2] else None
            _, outputs = self.serving.predict(path[1], version, path[3], signature, inputs)
        except RefusalError as refusal:
            return self._send(_HTTP_CODES[refusal.code], {"error": refusal.text})
        except ValueError as error:
            return self._send(400, {"error": f"JSON Parse error: {error}"})
        columns = {name: _jsonable(value) for name, value in outputs.items()}
        if "inputs" in document:
            return self._send(200, {"outputs": columns})
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        return self._send(200, {"predictions": rows})

    def _inputs(self, document: dict[str, Any], signature: str) -> dict[str, Any]:
        if "inputs" in document:
            inputs: dict[str, Any] = document["inputs"]
            return inputs
        rows = document["instances"]
        if rows and not isinstance(rows[0], dict):  # Bare values stand for the only input.
            (name,) = self.serving.signature_inputs(signature)
            return {name: rows}
        return {name: [row[name] for row in rows] for name in rows[0]}

    def _send(self, code: int, document: Any) -> None:
        body = b"<html>no JSON</html>" if document is None else json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Keeps the standard error clean."""


def _config_of_all(name: str, versions: Path, labels: dict[str, int]) -> Any:
    config = model_server_config_pb2.ModelServerConfig()
    model = config.model_config_list.config.add(name=name, base_path=str(versions.resolve()))
    model.model_platform = "tensorflow"
    model.model_version_policy.all.SetInParent()
    model.version_labels.update(labels)
    return config


def _decode_base64(value: dict[str, Any]) -> Any:
    return base64.b64decode(value["b64"], validate=True) if set(value) == {"b64"} else value


def _jsonable(array: Any) -> Any:
    def decoded(value: Any) -> Any:
        if isinstance(value, list):
            return [decoded(each) for each in value]
        return value.decode() if isinstance(value, bytes) else value

    return decoded(array.tolist())


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


@contextlib.contextmanager
def serve_rest(serving: FakeServing) -> Iterator[str]:
    """Serves on a free port and yields the address, ``http://127.0.0.1:port``."""
    handler = type("RestHandler", (_RestHandler,), {"serving": serving})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
