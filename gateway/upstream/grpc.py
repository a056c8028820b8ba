"""A model on TensorFlow Serving, asked over gRPC; its answers say which version has given them."""

from collections.abc import Sequence
from typing import Any

import grpc

from client.backends.address import Address
from client.backends.connection import Connection
from client.backends.grpc_channel import channel_credentials, channel_options
from gateway.calls import Answer, Call, Target
from gateway.forms import messages
from gateway.forms.grpc import call_message, parsed_answer
from gateway.upstream.interface import (
    NoSuchModelError,
    RejectedError,
    SlowError,
    UnavailableError,
    UpstreamError,
    VersionState,
)

_LIMIT = 64 << 20
"""Bytes of an answer; 4096 rows of 1000 moods have less."""
_RECONNECT = [("grpc.initial_reconnect_backoff_ms", 200), ("grpc.max_reconnect_backoff_ms", 2000)]
"""gRPC would wait up to two minutes before it tries again to reach a server that was away."""
_UNAVAILABLE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)


class GrpcUpstream:
    """See ``gateway.upstream.interface.Upstream``."""

    def __init__(self, address: Address, timeout: float, connection: Connection) -> None:
        """Prepares the channel; ``timeout`` is that of one request, in seconds."""
        self._address, self._timeout = address, timeout
        token = connection.token
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()
        options = [*channel_options(connection, _LIMIT), *_RECONNECT]
        credentials = channel_credentials(connection)
        self._channel = (
            grpc.aio.insecure_channel(address.host, options)
            if credentials is None
            else grpc.aio.secure_channel(address.host, credentials, options)
        )
        self._predict = self._method(messages.PREDICT, messages.PredictResponse)
        self._status = self._method(messages.STATUS, messages.StatusResponse)

    async def predict(self, call: Call, target: Target) -> Answer:
        """See the interface."""
        request = call_message(call, self._address.model, target)
        response = await self._ask(self._predict, request)
        try:
            return parsed_answer(response, call.rows)
        except (ValueError, UnicodeDecodeError) as error:
            raise UpstreamError(f"{self._address.url} answered with {error}") from error

    async def current_version(self, target: Target) -> int:
        """See the interface."""
        request = messages.StatusRequest()
        request.model_spec.name = self._address.model
        if target.version is not None:
            request.model_spec.version.value = target.version
        elif target.label is not None:
            request.model_spec.version_label = target.label
        found = _states(await self._ask(self._status, request))
        available = [each.version for each in found if each.state == "AVAILABLE"]
        if not available:
            raise UnavailableError(f"{self._address.url} has no version that is AVAILABLE")
        return max(available)

    async def states(self) -> Sequence[VersionState]:
        """See the interface."""
        request = messages.StatusRequest()
        request.model_spec.name = self._address.model
        return _states(await self._ask(self._status, request))

    async def close(self) -> None:
        """See the interface."""
        await self._channel.close()

    def _method(self, name: str, response: Any) -> Any:
        return self._channel.unary_unary(
            name,
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response.FromString,
        )

    async def _ask(self, method: Any, request: Any) -> Any:
        try:
            return await method(request, timeout=self._timeout, metadata=self._metadata)
        except grpc.aio.AioRpcError as error:
            raise self._failure(error) from error

    def _failure(self, error: grpc.aio.AioRpcError) -> UpstreamError:
        code, words = error.code(), (error.details() or "")[:300]
        words = "".join(each if each.isprintable() else " " for each in words)
        text = f"{self._address.url} answered {code.name}: {words}"
        if "larger than m" in words:  # Of a message, or of a batch.
            return RejectedError(text, words)
        if code in _UNAVAILABLE:
            return UnavailableError(text)
        if code == grpc.StatusCode.DEADLINE_EXCEEDED:
            return SlowError(text)
        if code == grpc.StatusCode.NOT_FOUND:
            return NoSuchModelError(text, words)
        if code == grpc.StatusCode.INVALID_ARGUMENT:
            return RejectedError(text, words)
        return UpstreamError(text)


def _states(response: Any) -> list[VersionState]:
    return [
        VersionState(each.version, messages.STATES.get(each.state, "UNKNOWN"))
        for each in response.model_version_status
    ]
