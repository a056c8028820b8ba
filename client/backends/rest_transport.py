"""Requests to TensorFlow Serving over REST, without TensorFlow.

They use the row format of the predict API: https://www.tensorflow.org/tfx/serving/api_rest.
"""

import base64
import json
import ssl
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

import httpx

from client.backends import answer, rest_urls
from client.backends.address import Address
from client.backends.connection import Connection
from client.backends.errors import ServerError
from client.backends.event_loop import EventLoop
from client.backends.failures import Failures
from client.backends.model import Response
from client.backends.proxy import Proxy
from dataset.boxes import PixelBox
from schemas import signatures
from schemas.errors import ConfigError

_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE)
"""502 and 503 also come from a load balancer while its servers are being replaced."""
_NOT_ALLOWED = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
)
_TOO_LARGE = ("larger than maximum input batch size", "payload size exceeds the limit")
"""Parts of the messages of TensorFlow Serving's batching, and of Vertex AI, which takes 1.5 MB.
Both come with the general code 400."""
_ERROR_BYTES = 16 << 10
"""Bytes of an error's page that are read."""


class _Reply(NamedTuple):
    status: int
    reason: str
    location: str
    body: bytes


class RestTransport:
    """A ``client.backends.tf_serving.Transport`` over kept-alive HTTP connections."""

    def __init__(self, address: Address, timeout: float, connection: Connection) -> None:
        """Prepares the client; it connects with the first request.

        Raises:
          ConfigError: the address has characters that no URL may have.
        """
        self._timeout = timeout
        self._is_endpoint = bool(address.endpoint)
        self._failures = Failures(address, timeout, connection)
        # Answers are measured as they come, so that they must not be compressed.
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if connection.token:
            self._headers["Authorization"] = f"Bearer {connection.token}"
        # An empty context trusts nobody: where nothing is encrypted, none need be read.
        context = (
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            if connection.tls is None
            else connection.tls.context()
        )
        try:
            self._image_url, self._box_url = map(httpx.URL, rest_urls.urls(address))
        except httpx.InvalidURL as error:
            raise ConfigError(
                f"--server must name a server. Received: {address.url!r} ({error})"
            ) from error
        # Not a client: it would read the environment, keep cookies and take redirects apart.
        self._transport = httpx.AsyncHTTPTransport(
            verify=context, trust_env=False, proxy=httpx_proxy(connection.proxy)
        )
        self._loop = EventLoop()

    def predict(
        self,
        pictures: Sequence[bytes],
        boxes: Sequence[PixelBox] | None,
        mood_names: Sequence[str] | None,
    ) -> list[Response]:
        """See ``client.backends.tf_serving.Transport``."""
        num_pictures = len(pictures)
        document = request_body(pictures, boxes)
        if self._is_endpoint and boxes is None:
            del document["signature_name"]  # ``predict`` takes no other field than the rows.
        body = json.dumps(document).encode()
        url = self._image_url if boxes is None else self._box_url
        progress = _Progress()
        try:
            reply = self._loop.result_of(
                self._post(url, body, answer.max_bytes(num_pictures, mood_names), progress),
                self._timeout,
            )
        except TimeoutError as error:
            if progress.is_connecting:
                raise self._failures.busy(f"no connection within {self._timeout:g} s") from error
            raise self._failures.slow(num_pictures) from error
        # Errors of TLS after the handshake, and of names that cannot be, come as they are.
        except (httpx.RequestError, OSError, UnicodeError) as error:
            cause = _root(error)
            if isinstance(cause, ssl.SSLError):
                raise self._failures.untrusted(str(cause)) from error
            raise self._failures.busy(str(error) or type(error).__name__) from error
        except answer.AnswerError as error:
            raise self._failures.nonsense(str(error)) from error
        if reply.status != HTTPStatus.OK:
            raise self._server_error(reply, num_pictures)
        try:
            return parse_responses(reply.body)
        # The text has a bounded size; what it says may be nested without end.
        except (ValueError, RecursionError, MemoryError) as error:
            raise self._failures.nonsense(_described(error)) from error

    async def _post(self, url: httpx.URL, body: bytes, limit: int, progress: "_Progress") -> _Reply:
        request = httpx.Request(
            *("POST", url),
            headers=self._headers,
            content=body,
            extensions={"trace": progress},
        )
        reply = await self._transport.handle_async_request(request)
        try:
            is_ok = reply.status_code == HTTPStatus.OK
            encoding = reply.headers.get("Content-Encoding", "identity")
            if is_ok and encoding != "identity":
                raise answer.AnswerError(f"an answer in the encoding {encoding}, not asked for")
            content = bytearray()
            async for chunk in reply.aiter_raw():
                content += chunk
                if is_ok and len(content) > limit:
                    raise answer.AnswerError(
                        f"more than {limit:,} bytes, which no answer to this request has"
                    )
                if not is_ok and len(content) > _ERROR_BYTES:
                    break
        finally:
            await reply.aclose()
        location = reply.headers.get("Location", "")
        return _Reply(reply.status_code, reply.reason_phrase, location, bytes(content))

    def _server_error(self, reply: _Reply, num_pictures: int) -> ServerError:
        status = reply.status
        cause = f"{status} {reply.reason}: {_error_text(reply.body)}"
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or any(
            text in cause for text in _TOO_LARGE
        ):
            return self._failures.too_large(num_pictures, cause)
        if status in _BUSY:
            return self._failures.busy(cause)
        if status == HTTPStatus.GATEWAY_TIMEOUT:
            return self._failures.slow(num_pictures)
        if status == HTTPStatus.NOT_FOUND:
            return self._failures.not_found(cause)
        if status in _NOT_ALLOWED:
            return self._failures.not_allowed(cause)
        if reply.location:
            cause = f"{status} {reply.reason}, to {reply.location}, which is not followed"
        return self._failures.refused(num_pictures, cause)


class _Progress:
    """Whether a connection is being made; httpx calls it at each step of a request."""

    def __init__(self) -> None:
        self.is_connecting = False

    async def __call__(self, event: str, _: object) -> None:
        if event.endswith("connect_tcp.started"):
            self.is_connecting = True
        elif event.endswith("connect_tcp.complete"):
            self.is_connecting = False


def request_body(pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None) -> dict[str, Any]:
    """Returns the request for encoded pictures, each with a box or all without."""
    rows: list[dict[str, Any]] = [
        {signatures.IMAGE_BYTES: {"b64": base64.b64encode(picture).decode()}}
        for picture in pictures
    ]
    for row, box in zip(rows, boxes or (), strict=boxes is not None):
        row[signatures.BOX] = list(box)
    signature = signatures.SERVE_IMAGE if boxes is None else signatures.SERVE_BOX
    return {"signature_name": signature, "instances": rows}


def parse_responses(body: bytes) -> list[Response]:
    """Returns the responses in an answer.

    Raises:
      answer.AnswerError: it has another form.
      ValueError, RecursionError, MemoryError: it is not JSON, or nested too deeply.
    """
    document = json.loads(body)
    rows = document.get("predictions") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise answer.AnswerError("no list of predictions by name")
    missing = {name for row in rows for name in answer.NEEDED if name not in row}
    if missing:
        raise answer.AnswerError(f"predictions without {', '.join(sorted(missing))}")
    names = (*answer.NEEDED, *answer.OPTIONAL)
    return [answer.checked_response(*map(row.get, names)) for row in rows]


def _error_text(body: bytes) -> str:
    """Returns TensorFlow Serving's or Google's message, or the beginning of another's page."""
    try:
        message = json.loads(body)["error"]
        if isinstance(message, dict):  # Google's: code, message, status.
            message = message["message"]
        if isinstance(message, str):
            return message
    except (KeyError, TypeError, ValueError, RecursionError):
        pass
    return body[:200].decode("utf-8", "replace")


def httpx_proxy(proxy: Proxy | None) -> httpx.Proxy | None:
    """Returns the proxy for httpx."""
    if proxy is None:
        return None
    return httpx.Proxy(proxy.url, auth=(proxy.user, proxy.password) if proxy.user else None)


def _described(error: BaseException) -> str:
    if isinstance(error, answer.AnswerError):
        return str(error)
    if isinstance(error, ValueError):
        return f"no JSON: {error}"
    return "JSON that is nested too deeply or too large"


def _root(error: BaseException) -> BaseException:
    """Returns the error that an error of httpx comes from."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error
