"""The REST interface of the fake TensorFlow Serving: the predict and status calls."""

import base64
import contextlib
import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import grpc

from testing.serving.fake_serving import FakeServing
from testing.serving.model_manager import RefusalError

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


def _decode_base64(value: dict[str, Any]) -> Any:
    return base64.b64decode(value["b64"], validate=True) if set(value) == {"b64"} else value


def _jsonable(array: Any) -> Any:
    def decoded(value: Any) -> Any:
        if isinstance(value, list):
            return [decoded(each) for each in value]
        return value.decode() if isinstance(value, bytes) else value

    return decoded(array.tolist())


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
