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
from urllib.parse import parse_qs, quote, unquote, urlsplit

import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from testing.buckets import google_xml
from testing.buckets.objects import Objects, PreconditionError, StoredObject

CONTROL = "/_control"
NAMES = ("www.googleapis.com", "storage.googleapis.com")
_OBJECT = r"/storage/v1/b/(?P<bucket>[^/]+)/o/(?P<name>[^/]+)"


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
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects = Objects(*buckets)
        self.delay = 0.0
        self.requests = Counter[str]()
        self.errors: list[str] = []
        self.credentials = folder / "credentials.json"
        _write_credentials(self.credentials, f"{self.address}/token")
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


class _Handler(BaseHTTPRequestHandler):
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


def _resource(bucket: str, name: str, found: StoredObject) -> dict[str, Any]:
    updated = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(found.generation / 1e6))
    return {
        "kind": "storage#object",
        "bucket": bucket,
        "name": name,
        "generation": str(found.generation),
        "metageneration": "1",
        "size": str(len(found.data)),
        "updated": updated,
        "timeCreated": updated,
        "md5Hash": found.md5,
        "crc32c": found.crc32c,
        "contentType": "application/octet-stream",
        "storageClass": "STANDARD",
        "etag": str(found.generation),
    }


def _write_credentials(path: Path, token_uri: str) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    account = {
        "type": "service_account",
        "project_id": "p",
        "private_key_id": "1",
        "private_key": pem.decode(),
        "client_email": "pet@p.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": token_uri,
    }
    path.write_text(json.dumps(account), "utf-8")


def _token(handler: _Handler, at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    del at, query, body
    token = {"access_token": "token", "expires_in": 3600, "token_type": "Bearer"}
    handler.answer(200, json_body=token)


def _control(handler: _Handler, at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    """Sets the delay, and tells what has been asked; for ``google_process``."""
    del at, body
    server = handler.server
    if "delay" in query:
        server.delay = float(query["delay"])
    handler.answer(200, json_body={"requests": server.requests, "errors": server.errors})


def _bucket(handler: _Handler, at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    del query, body
    handler.server.objects.buckets[at["bucket"]]
    handler.answer(200, json_body={"kind": "storage#bucket", "name": at["bucket"]})


def _list(handler: _Handler, at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    del body
    limit = min(1000, int(query.get("maxResults", 1000)))
    asked = (query.get("prefix", ""), query.get("delimiter", ""), query.get("pageToken", ""))
    page = handler.server.objects.listing(at["bucket"], *asked, limit)
    answer: dict[str, Any] = {"kind": "storage#objects"}
    if page.objects:
        answer["items"] = [_resource(at["bucket"], *item) for item in page.objects.items()]
    if page.prefixes:
        answer["prefixes"] = page.prefixes
    if page.next_page:
        answer["nextPageToken"] = page.next_page
    handler.answer(200, json_body=answer)


def _get(handler: _Handler, at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    del body
    found = handler.server.objects.get(at["bucket"], at["name"])
    if query.get("alt") == "media":
        handler.answer_bytes(found)
        return
    handler.answer(200, json_body=_resource(at["bucket"], at["name"], found))


def _download(handler: _Handler, at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    _get(handler, at, query | {"alt": "media"}, body)


def _delete(handler: _Handler, at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    del query, body
    handler.server.objects.delete(at["bucket"], at["name"])
    handler.answer(HTTPStatus.NO_CONTENT)


def _copy(handler: _Handler, at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    del query, body
    objects = handler.server.objects
    found = objects.put(at["to_bucket"], at["to_name"], objects.get(at["bucket"], at["name"]).data)
    resource = _resource(at["to_bucket"], at["to_name"], found)
    if at["how"] == "rewriteTo":
        size = resource["size"]
        resource = {
            "kind": "storage#rewriteResponse",
            "done": True,
            "objectSize": size,
            "totalBytesRewritten": size,
            "resource": resource,
        }
    handler.answer(200, json_body=resource)


def _insert(handler: _Handler, at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    kind, name = query["uploadType"], query.get("name", "")
    match = query.get("ifGenerationMatch")
    if kind == "resumable":
        name = name or json.loads(body)["name"]
        handler.server.objects.buckets[at["bucket"]]
        upload = handler.server.objects.begin_upload([at["bucket"], name, match, b""])
        location = f"{handler.address()}{handler.path}&upload_id={upload}"
        handler.answer(200, headers={"Location": location, "X-GUploader-UploadID": upload})
        return
    if kind == "multipart":
        boundary = re.search(r'boundary="?([^";]+)', handler.headers["Content-Type"])
        assert boundary is not None
        _, meta, content, _ = body.split(b"--" + boundary[1].encode())
        name = name or json.loads(meta.partition(b"\r\n\r\n")[2])["name"]
        body = content.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")
    found = handler.server.objects.put(at["bucket"], name, body, match)
    handler.answer(200, json_body=_resource(at["bucket"], name, found))


def _upload(handler: _Handler, at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    """Takes a chunk of an upload; the last one says how long the whole is."""
    del at
    upload = handler.server.objects.uploads[query["upload_id"]]
    bucket, name, match, before = upload
    ranges = handler.headers.get("Content-Range", f"bytes 0-/{len(body)}")
    asked = re.fullmatch(r"bytes (\*|(\d+)-\d*)/(\*|\d+)", ranges)
    assert asked is not None, ranges
    if asked[2] is not None:
        before = upload[3] = before[: int(asked[2])] + body
    if asked[3] == "*" or len(before) < int(asked[3]):
        headers = {"Range": f"bytes=0-{len(before) - 1}"} if before else {}
        handler.answer(308, headers=headers)
        return
    found = handler.server.objects.put(bucket, name, before, match)
    handler.answer(200, json_body=_resource(bucket, name, found))


def _batch(handler: _Handler, at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    """Deletes and copies several objects, which is what Beam and obstore ask of a batch."""
    del at, query
    boundary = re.search(r'boundary="?([^";]+)', handler.headers["Content-Type"])
    assert boundary is not None
    answers = []
    for part in body.split(b"--" + boundary[1].encode())[1:-1]:
        head, _, inner = part.decode().replace("\r\n", "\n").partition("\n\n")
        found = re.search(r"Content-ID:\s*<?([^>\n]+)", head, re.IGNORECASE)
        method, path = inner.split(" ")[:2]
        status, answer = _batched(handler.server.objects, method, path)
        text = json.dumps(answer)
        content_id = f"Content-ID: <response-{found[1]}>\r\n" if found else ""
        answers.append(
            f"--batch\r\nContent-Type: application/http\r\n{content_id}\r\n"
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}\r\n"
        )
    whole = "".join([*answers, "--batch--\r\n"]).encode()
    handler.answer(200, whole, {"Content-Type": "multipart/mixed; boundary=batch"})


def _batched(objects: Objects, method: str, path: str) -> tuple[int, Any]:
    found = re.fullmatch(_OBJECT + r"(/\w+/b/([^/]+)/o/([^/]+))?", urlsplit(path).path)
    assert found is not None, path
    bucket, name = unquote(found["bucket"]), unquote(found["name"])
    try:
        if method == "DELETE":
            objects.delete(bucket, name)
            return 204, {}
        stored = objects.get(bucket, name)
        if method == "POST":
            bucket, name = unquote(found[4]), unquote(found[5])
            stored = objects.put(bucket, name, stored.data)
        return 200, _resource(bucket, name, stored)
    except KeyError:
        return 404, {"error": {"code": 404, "message": f"No such object: {quote(name)}"}}


_Handle = Callable[[_Handler, dict[str, str], dict[str, str], bytes], None]
_ROUTES: tuple[tuple[str, str, _Handle], ...] = (
    ("GET", r"/storage/v1/b/(?P<bucket>[^/]+)", _bucket),
    ("GET", r"/storage/v1/b/(?P<bucket>[^/]+)/o", _list),
    ("GET PATCH", _OBJECT, _get),
    ("GET", "/download" + _OBJECT, _download),
    ("DELETE", _OBJECT, _delete),
    (
        "POST",
        _OBJECT + r"/(?P<how>rewriteTo|copyTo)/b/(?P<to_bucket>[^/]+)/o/(?P<to_name>[^/]+)",
        _copy,
    ),
    ("POST", r"/upload/storage/v1/b/(?P<bucket>[^/]+)/o", _insert),
    ("PUT", r"/upload/storage/v1/b/(?P<bucket>[^/]+)/o", _upload),
    ("POST", r"/batch/storage/v1", _batch),
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
