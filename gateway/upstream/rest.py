"""A model on TensorFlow Serving, asked over REST.

REST's answers do not say which version has given them. So the version that a label points to is
asked for first, at most once in ``_FRESH_SECONDS``, and the call goes to that version by number.
"""

import asyncio
import re
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import aiohttp
import orjson
from yarl import URL

from client.backends import answer
from client.backends.address import Address
from client.backends.connection import Connection
from gateway.calls import MAX_VERSION, Answer, Call, Target
from gateway.forms import messages
from gateway.forms.rest import call_body, parsed_rows
from gateway.upstream.interface import (
    NoSuchModelError,
    RejectedError,
    SlowError,
    UnavailableError,
    UpstreamError,
    VersionState,
)

_FRESH_SECONDS = 1.0
"""After which it is asked again what a label points to: a roll-out takes effect within it."""
_UNAVAILABLE = (
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_REJECTED = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
_STATUS_BYTES = 4 << 20
"""Largest answer about versions; one with all signatures has some ten kilobytes."""
_EXTRA_BYTES = 4096
"""Of outputs that ``client.backends.answer`` does not count, for each row."""
_VERSION = re.compile(r"[0-9]{1,19}")
_KEPT = 256
"""Targets that are remembered: clients name them, and may name any."""


class RestUpstream:
    """See ``gateway.upstream.interface.Upstream``."""

    def __init__(self, address: Address, timeout: float, connection: Connection) -> None:
        """Prepares connections of the running event loop; ``timeout`` is a request's, seconds."""
        self._address, self._timeout = address, timeout
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if connection.token:
            self._headers["Authorization"] = f"Bearer {connection.token}"
        self._proxy: dict[str, Any] = {}
        if connection.proxy is not None:
            self._proxy["proxy"] = connection.proxy.url
            if connection.proxy.user:
                self._proxy["proxy_auth"] = aiohttp.BasicAuth(
                    connection.proxy.user, connection.proxy.password
                )
        # Not httpx, which takes more processor time for a request than all the rest of it.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                ssl=True if connection.tls is None else connection.tls.context(), limit=0
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=timeout),
            auto_decompress=False,
            trust_env=False,
        )
        self._model = f"{address.host}/v1/models/{address.model}"
        self._known: dict[Target, tuple[int, float]] = {}

    async def predict(self, call: Call, target: Target) -> Answer:
        """See the interface."""
        body = call_body(call)
        limit = answer.max_bytes(call.rows, None) + call.rows * _EXTRA_BYTES
        version = await self._version(target)
        try:
            received = await self._post(version, body, limit)
        except NoSuchModelError:
            # The version has been unloaded since it was asked for.
            self._known.pop(target, None)
            version = await self._version(target)
            received = await self._post(version, body, limit)
        try:
            return Answer(version, parsed_rows(received, call.rows))
        except ValueError as error:
            raise UpstreamError(f"{self._address.url} answered with {error}") from error

    async def current_version(self, target: Target) -> int:
        """See the interface."""
        body = await self._request("GET", f"{self._model}{_path(target)}/metadata", b"")
        try:
            return _version(orjson.loads(body)["model_spec"]["version"])
        except (ValueError, KeyError, TypeError) as error:
            raise UpstreamError(f"{self._address.url} does not tell its version") from error

    async def states(self) -> Sequence[VersionState]:
        """See the interface."""
        body = await self._request("GET", self._model, b"")
        try:
            return [
                VersionState(_version(each["version"]), _state(each["state"]))
                for each in orjson.loads(body)["model_version_status"]
            ]
        except (ValueError, KeyError, TypeError) as error:
            raise UpstreamError(f"{self._address.url} does not tell its versions") from error

    async def close(self) -> None:
        """See the interface."""
        await self._session.close()

    async def _version(self, target: Target) -> int:
        known, asked = self._known.get(target, (0, -_FRESH_SECONDS))
        now = time.monotonic()
        if now - asked < _FRESH_SECONDS:
            return known
        version = await self.current_version(target)
        if len(self._known) >= _KEPT:
            self._known.clear()
        self._known[target] = (version, now)
        return version

    async def _post(self, version: int, body: bytes, limit: int) -> bytes:
        url = f"{self._model}/versions/{version}:predict"
        return await self._request("POST", url, body, limit)

    async def _request(
        self, method: str, url: str, body: bytes, limit: int = _STATUS_BYTES
    ) -> bytes:
        try:
            return await self._tried_twice(method, url, body, limit)
        # Other classes than TimeoutError until Python 3.11.
        except (TimeoutError, asyncio.TimeoutError) as error:
            raise SlowError(
                f"{self._address.url} has not answered within {self._timeout:g} s"
            ) from error
        except (aiohttp.ClientError, OSError, UnicodeError) as error:
            raise UnavailableError(
                f"{self._address.url} cannot be reached: {error or type(error).__name__}"
            ) from error

    async def _tried_twice(self, method: str, url: str, body: bytes, limit: int) -> bytes:
        try:
            return await self._once(method, url, body, limit)
        except (aiohttp.ServerDisconnectedError, ConnectionError):
            # The server has closed a connection that was kept, as at a restart. Asking for a
            # prediction twice does no harm.
            return await self._once(method, url, body, limit)

    async def _once(self, method: str, url: str, body: bytes, limit: int) -> bytes:
        request = self._session.request(
            *(method, URL(url, encoded=True)),
            data=body or None,
            headers=self._headers,
            allow_redirects=False,
            **self._proxy,
        )
        async with request as reply:
            content = bytearray()
            async for chunk in reply.content.iter_any():
                content += chunk
                if len(content) > limit:
                    raise UpstreamError(
                        f"{self._address.url} answered with more than {limit} bytes"
                    )
        if reply.status != HTTPStatus.OK:
            raise self._failure(reply.status, bytes(content))
        return bytes(content)

    def _failure(self, status: int, content: bytes) -> UpstreamError:
        words = _error_words(content)
        text = f"{self._address.url} answered {status}: {words}"
        if status in _UNAVAILABLE:
            return UnavailableError(text)
        if status == HTTPStatus.GATEWAY_TIMEOUT:
            return SlowError(text)
        if status == HTTPStatus.NOT_FOUND:
            return NoSuchModelError(text, words)
        if status in _REJECTED:
            return RejectedError(text, words)
        return UpstreamError(text)


def _path(target: Target) -> str:
    if target.version is not None:
        return f"/versions/{target.version}"
    return f"/labels/{target.label}" if target.label is not None else ""


def _error_words(content: bytes) -> str:
    """Returns TensorFlow Serving's message, which is in ``error``, or the answer's beginning."""
    try:
        text = orjson.loads(content)["error"]
    except (ValueError, KeyError, TypeError):
        text = None
    if not isinstance(text, str):
        text = content[:300].decode("utf-8", "replace")
    return "".join(each if each.isprintable() else " " for each in text[:300])


def _version(text: object) -> int:
    """Returns a version's number, a text in TensorFlow Serving's answers."""
    if not isinstance(text, str) or not _VERSION.fullmatch(text) or int(text) > MAX_VERSION:
        raise ValueError("a version that is no number of 64 bits")
    return int(text)


def _state(text: object) -> str:
    if text not in messages.STATES.values():
        raise ValueError("an unknown state")
    return str(text)
