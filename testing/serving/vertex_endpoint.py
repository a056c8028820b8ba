"""A stand-in of a Vertex AI endpoint, in front of the fake server: paths, token, limits, errors.

After https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.endpoints/predict
and .../rawPredict; the real one was not at hand.
"""

import contextlib
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx

ENDPOINT = "projects/p/locations/r/endpoints/42"
TOKEN = "ya29.token"
_MAX_BYTES = 1_572_864
_STATUSES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 404: "NOT_FOUND"}


@contextlib.contextmanager
def serve(container: str, model: str = "pet_mood") -> Iterator[tuple[str, list[str]]]:
    """Serves on a free port.

    Args:
      container: address of the server that the endpoint passes requests on to.
      model: its name.

    Yields:
      The endpoint's address, and the calls that were passed on, such as ``["predict"]``.
    """
    calls: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            path, _, call = self.path.rpartition(":")
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                return self._error(401, "Request had invalid authentication credentials.")
            if path != f"/v1/{ENDPOINT}" or call not in ("predict", "rawPredict"):
                return self._error(404, "The requested endpoint was not found.")
            if len(body) > _MAX_BYTES:
                text = f"Request payload size exceeds the limit: {_MAX_BYTES} bytes."
                return self._error(400, text)
            if call == "predict" and (unknown := json.loads(body).keys() - {"instances"}):
                name = unknown.pop()
                return self._error(
                    400, f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
                )
            answer = httpx.post(f"{container}/v1/models/{model}:predict", content=body, timeout=60)
            if call == "rawPredict":
                calls.append(call)
                return self._send(answer.status_code, answer.json())
            if answer.status_code != 200:
                return self._error(400, answer.text)
            calls.append(call)
            return self._send(
                200,
                {
                    "predictions": answer.json()["predictions"],
                    "deployedModelId": "17",
                    "model": "projects/1/locations/r/models/2",
                    "modelDisplayName": "pet_mood",
                    "modelVersionId": "1",
                },
            )

        def _error(self, code: int, message: str) -> None:
            status = _STATUSES[code]
            self._send(code, {"error": {"code": code, "message": message, "status": status}})

        def _send(self, code: int, document: Any) -> None:
            content = json.dumps(document).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: Any) -> None:
            """Keeps the standard error clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/{ENDPOINT}", calls
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
