"""The gateway's gRPC server: ``Predict`` and ``GetModelStatus`` of TensorFlow Serving, no more.

Other methods, such as the one that loads other models, are not there (``UNIMPLEMENTED``).
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import grpc

from gateway.calls import CallError
from gateway.forms import messages
from gateway.forms.grpc import answer_message, parsed_call
from gateway.service import Received, Service, received
from gateway.tls_pair import TlsPair
from gateway.upstream.interface import (
    NoSuchModelError,
    RejectedError,
    SlowError,
    UnavailableError,
    UpstreamError,
)
from schemas.errors import ConfigError
from system.web.outcomes import ANSWERED, HUNG_UP
from system.web.refusals import UNEXPECTED, RefusedError
from system.web.uploads import Uploads

_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    404: grpc.StatusCode.NOT_FOUND,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    503: grpc.StatusCode.UNAVAILABLE,
}
_UPSTREAM_CODES: dict[type[UpstreamError], grpc.StatusCode] = {
    UnavailableError: grpc.StatusCode.UNAVAILABLE,
    SlowError: grpc.StatusCode.DEADLINE_EXCEEDED,
    NoSuchModelError: grpc.StatusCode.NOT_FOUND,
    RejectedError: grpc.StatusCode.INVALID_ARGUMENT,
}
_TOO_LARGE = "larger than max"
"""Words upon which ``inference.py`` halves a request."""

_Handler = Callable[[Any, str, Received], Awaitable[Any]]


def grpc_server(service: Service, address: str, tls: TlsPair | None) -> grpc.aio.Server:
    """Returns a server that listens on an address such as ``127.0.0.1:8500``.

    Raises:
      ConfigError: the port is taken.
    """
    limits = service.limits
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", limits.upload_bytes),
            ("grpc.max_send_message_length", -1),
            # A compressed message can stand for a thousand times its bytes.
            ("grpc.compression_enabled_algorithms_bitset", 1),
            ("grpc.so_reuseport", 0),
            ("grpc.max_connection_idle_ms", 300_000),
        ],
        maximum_concurrent_rpcs=limits.at_work + limits.waiting,
    )
    server.add_generic_rpc_handlers((_Calls(_Front(service)),))
    try:
        if tls is None:
            server.add_insecure_port(address)
        else:
            pair = (tls.key.read_bytes(), tls.certificate.read_bytes())
            server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
    except RuntimeError as error:
        raise ConfigError(
            f"--grpc-port must be a free port of this machine. Received: {address}. Name another"
        ) from error
    return server


class _Calls(grpc.GenericRpcHandler):
    """The methods that there are.

    gRPC reads the message of a call before its handler runs, 32 MiB of each. So a call without a
    token gets a handler of a stream, which reads none.
    """

    def __init__(self, front: "_Front") -> None:
        self._front = front
        self._calls = {
            name: grpc.unary_unary_rpc_method_handler(
                front.handler(handler),
                request_deserializer=request_type.FromString,
                response_serializer=lambda message: message.SerializeToString(),
            )
            for name, handler, request_type in (
                (messages.PREDICT, front.predict, messages.PredictRequest),
                (messages.STATUS, front.status, messages.StatusRequest),
            )
        }
        self._refusal = grpc.stream_unary_rpc_method_handler(front.handler(front.predict))

    def service(self, handler_call_details: Any) -> Any:
        """Returns the handler of a call; None for a method that is not there."""
        call = self._calls.get(handler_call_details.method)
        known = self._front.is_known(handler_call_details.invocation_metadata)
        return call if call is None or known else self._refusal


class _Front:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._uploads = Uploads(service.limits)

    def is_known(self, metadata: Any) -> bool:
        """Returns whether a call with this metadata is let in."""
        try:
            self._client(metadata, "")
        except RefusedError:
            return False
        return True

    def _client(self, metadata: Any, address: str) -> str:
        authorization = str(dict(metadata or ()).get("authorization", ""))
        return self._service.tokens.client(authorization, address)

    def handler(self, handler: _Handler) -> Callable[[Any, Any], Awaitable[Any]]:
        """Returns a handler that knows the client and turns errors into codes."""

        async def handled(request: Any, context: Any) -> Any:
            begin = received("grpc")
            code, words, answer = await self._answered(request, context, handler, begin)
            self._service.figures.requests.labels("grpc", code.name).inc()
            if code is not grpc.StatusCode.OK:
                await context.abort(code, words)
            return answer

        return handled

    async def _answered(
        self, request: Any, context: Any, handler: _Handler, begin: Received
    ) -> tuple[grpc.StatusCode, str, Any]:
        outcomes = self._service.outcomes
        try:
            client = self._client(context.invocation_metadata(), _address_of(context.peer()))
            with self._uploads.upload() as upload:
                self._uploads.take(size := request.ByteSize())
                upload.size = size
                answer = await handler(request, client, begin)
        except RefusedError as refusal:
            outcomes.record(refusal.error)
            code = _CODES.get(refusal.status, grpc.StatusCode.INVALID_ARGUMENT)
            words = refusal.detail or refusal.error
            return code, f"{_TOO_LARGE}: {words}" if refusal.status == 413 else words, None
        except CallError as error:
            outcomes.record("bad_request")
            return grpc.StatusCode.INVALID_ARGUMENT, str(error), None
        except UpstreamError as error:
            outcomes.record(error.error, str(error))
            code = _UPSTREAM_CODES.get(type(error), grpc.StatusCode.INTERNAL)
            return code, error.public, None
        except asyncio.CancelledError:
            # gRPC cancels the handler when its client leaves, or its deadline passes.
            outcomes.record(HUNG_UP)
            raise
        except Exception:
            outcomes.record(UNEXPECTED, traceback.format_exc())
            return grpc.StatusCode.INTERNAL, UNEXPECTED, None
        outcomes.record(ANSWERED)
        return grpc.StatusCode.OK, "", answer

    async def predict(self, request: Any, client: str, begin: Received) -> Any:
        """Answers ``Predict``."""
        self._check_model(request)
        call, target = parsed_call(request, self._service.limits.photos)
        answer = await self._service.answer_call(call, target, client, begin)
        return answer_message(answer, request)

    async def status(self, request: Any, client: str, begin: Received) -> Any:
        """Answers ``GetModelStatus``."""
        self._check_model(request)
        numbers = {name: number for number, name in messages.STATES.items()}
        response = messages.StatusResponse()
        for version, state in await self._service.upstream.states():
            response.model_version_status.add(version=version, state=numbers.get(state, 0))
        return response

    def _check_model(self, request: Any) -> None:
        name = request.model_spec.name
        if name != self._service.model:
            words = f"Servable not found for request: {name[:100]}"
            raise RefusedError(404, "no_such_model", words)


def _address_of(peer: str) -> str:
    """Returns the address in gRPC's ``ipv4:127.0.0.1:40000``, without the port."""
    return peer.rpartition(":")[0]
