"""A server that speaks Google Cloud Storage's two interfaces, for tests on this machine.

TensorFlow's file system knows no other address than ``https://www.googleapis.com`` and
``https://storage.googleapis.com``. It does heed a proxy and a file of certificates, so this server
is a proxy as well: what is sent to these names through it ends here. Beam and obstore are told its
address. JSON: https://cloud.google.com/storage/docs/json_api, XML:
https://cloud.google.com/storage/docs/xml-api.
"""

import json
import re
import ssl
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import trustme

from testing.buckets import google_json, google_xml
from testing.buckets.google_account import write_credentials
from testing.buckets.objects import Objects, PreconditionError, StoredObject

CONTROL = "/_control"
NAMES = ("www.googleapis.com", "storage.googleapis.com")


class GoogleCloud(ThreadingHTTPServer):
    """The server.

    Attributes:
      objects: what it keeps.
      delay: seconds that each answer is held back, as by a network.
      requests: how often each kind of request came.
      errors: what it could not do, which is a defect of its own.
      ca: certificates of the authority that vouches for Google's names here.
      credentials: a service account's key, for clients that will not go without one.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, folder: Path, *buckets: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects = Objects(*buckets)
        self.delay = 0.0
        self.requests = Counter[str]()
        self.errors: list[str] = []
        self.credentials = folder / "credentials.json"
        write_credentials(self.credentials, f"{self.address}/token")
        authority = trustme.CA()
        self.ca = folder / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca))
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*NAMES).configure_cert(self.tls)

    @property
    def address(self) -> str:
        """Its address for clients that can be told one."""
        return f"http://127.0.0.1:{self.server_port}"

    def environment(self) -> dict[str, str]:
        """Returns what makes the three clients of this project use it."""
        return {
            # Of google-cloud-storage, which Beam uses.
            "STORAGE_EMULATOR_HOST": self.address,
            "GOOGLE_CLOUD_PROJECT": "p",
            "GOOGLE_APPLICATION_CREDENTIALS": str(self.credentials),
            # Of TensorFlow.
            "https_proxy": self.address,
            "CURL_CA_BUNDLE": str(self.ca),
            "GOOGLE_AUTH_TOKEN_FOR_TESTING": "token",
        }

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of clients that go away."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: GoogleCloud
    disable_nagle_algorithm = True
    wbufsize = -1  # A head and a body in one packet.

    def do_CONNECT(self) -> None:
        """Answers what is sent through the proxy to Google's names, and to no other."""
        host = self.path.partition(":")[0]
        if host not in NAMES:
            self.send_error(HTTPStatus.BAD_GATEWAY)
            return
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.wfile.flush()
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb", self.rbufsize)
        self.wfile = self.connection.makefile("wb")
        self.close_connection = False

    def handle_expect_100(self) -> bool:
        """Asks for the body at once: curl would wait a second."""
        handled = super().handle_expect_100()
        self.wfile.flush()
        return handled

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        is_chunked = self.headers.get("Transfer-Encoding", "") == "chunked"
        # TensorFlow sends both headers; https://www.rfc-editor.org/rfc/rfc9112#section-6.3.
        body = self._chunks() if is_chunked else self.rfile.read(length)
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query, True).items()}
        if self.server.delay and parts.path != CONTROL:
            time.sleep(self.server.delay)
        try:
            self._route(parts.path, query, body)
        except KeyError:
            self.answer(HTTPStatus.NOT_FOUND, json_body={"error": {"code": 404, "message": "none"}})
        except OSError:  # The client has gone away.
            self.close_connection = True
        except PreconditionError:
            error = {"error": {"code": 412, "message": "conditionNotMet"}}
            self.answer(HTTPStatus.PRECONDITION_FAILED, json_body=error)
        except Exception:
            self.server.errors.append(f"{self.command} {self.path}\n{traceback.format_exc()}")
            self.answer(HTTPStatus.BAD_REQUEST, json_body={"error": {"message": "a defect"}})

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = _handle  # noqa: N815

    def _route(self, path: str, query: dict[str, str], body: bytes) -> None:
        for method, pattern, handle in _ROUTES:
            if self.command in method.split() and (found := re.fullmatch(pattern, path)):
                self.server.requests[handle.__name__] += 1
                values = {name: unquote(value) for name, value in found.groupdict().items()}
                handle(self, values, query, body)
                return
        self.answer(HTTPStatus.NOT_IMPLEMENTED, json_body={"error": {"message": path}})

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def address(self) -> str:
        """Returns this server's address as the client has called it."""
        scheme = "https" if isinstance(self.connection, ssl.SSLSocket) else "http"
        return f"{scheme}://{self.headers['Host']}"

    def answer(
        self,
        status: HTTPStatus | int,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        json_body: Any = None,
    ) -> None:
        """Sends an answer."""
        headers = dict(headers or {})
        if json_body is not None:
            body = json.dumps(json_body).encode()
            headers["Content-Type"] = "application/json; charset=UTF-8"
        self.send_response(status)
        headers.setdefault("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def answer_bytes(self, found: StoredObject) -> None:
        """Sends an object's bytes, or the range that is asked for."""
        data = found.data
        headers = {
            "Content-Type": "application/octet-stream",
            "ETag": f'"{found.generation}"',
            "Last-Modified": self.date_time_string(found.generation / 1e6),
            "x-goog-generation": str(found.generation),
            "x-goog-stored-content-length": str(len(data)),
        }
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if not asked:
            headers["x-goog-hash"] = f"crc32c={found.crc32c},md5={found.md5}"
            headers["Content-Length"] = str(len(data))
            self.answer(HTTPStatus.OK, data, headers)
            return
        first, last = asked.groups()
        begin = int(first) if first else max(0, len(data) - int(last))
        end = min(len(data), int(last) + 1) if first and last else len(data)
        if begin >= len(data):
            self.answer(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            return
        headers["Content-Range"] = f"bytes {begin}-{end - 1}/{len(data)}"
        self.answer(HTTPStatus.PARTIAL_CONTENT, data[begin:end], headers)

    def log_message(self, format: str, *args: Any) -> None:
        """Prints nothing."""


def _token(handler: Handler, at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    del at, query, body
    token = {"access_token": "token", "expires_in": 3600, "token_type": "Bearer"}
    handler.answer(200, json_body=token)


def _control(handler: Handler, at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    """Sets the delay, and tells what has been asked; for ``google_process``."""
    del at, body
    server = handler.server
    if "delay" in query:
        server.delay = float(query["delay"])
    handler.answer(200, json_body={"requests": server.requests, "errors": server.errors})


_Handle = Callable[[Handler, dict[str, str], dict[str, str], bytes], None]
_ROUTES: tuple[tuple[str, str, _Handle], ...] = (
    ("GET", r"/storage/v1/b/(?P<bucket>[^/]+)", google_json.bucket),
    ("GET", r"/storage/v1/b/(?P<bucket>[^/]+)/o", google_json.list_objects),
    ("GET PATCH", google_json.OBJECT, google_json.get),
    ("GET", "/download" + google_json.OBJECT, google_json.download),
    ("DELETE", google_json.OBJECT, google_json.delete),
    (
        "POST",
        google_json.OBJECT
        + r"/(?P<how>rewriteTo|copyTo)/b/(?P<to_bucket>[^/]+)/o/(?P<to_name>[^/]+)",
        google_json.copy,
    ),
    ("POST", r"/upload/storage/v1/b/(?P<bucket>[^/]+)/o", google_json.insert),
    ("PUT", r"/upload/storage/v1/b/(?P<bucket>[^/]+)/o", google_json.upload),
    ("POST", r"/batch/storage/v1", google_json.batch),
    ("POST", r"/token", _token),
    ("GET PUT", CONTROL, _control),
    ("GET", r"/(?P<bucket>[^/]+)/?", google_xml.list_objects),
    ("GET HEAD", r"/(?P<bucket>[^/]+)/(?P<name>.+)", google_xml.get),
    ("PUT", r"/(?P<bucket>[^/]+)/(?P<name>.+)", google_xml.put),
    ("POST", r"/(?P<bucket>[^/]+)/(?P<name>.+)", google_xml.post),
    ("DELETE", r"/(?P<bucket>[^/]+)/(?P<name>.+)", google_xml.delete),
)


def main(folder: str, *buckets: str) -> None:
    """Serves until the standard input ends; prints the environment first."""
    with GoogleCloud(Path(folder), *buckets) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdout.write(json.dumps(server.environment()) + "\n")
        sys.stdout.flush()
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
