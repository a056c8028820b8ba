"""The gateway's HTTP application.

``POST /v1/mood`` answers a photo. ``/v1/models/…`` is TensorFlow Serving's REST form. ``/healthz``
says that the gateway runs, ``/readyz`` that the model is there, ``/metrics`` has the figures and
``/openapi.json`` the description of all of this (``gateway.entry.openapi``).
"""

import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from gateway import figures
from gateway.calls import CallError, Target, checked_target
from gateway.entry.mood import BAD_REQUEST, answer_document, parsed_request
from gateway.entry.openapi import description
from gateway.entry.turns import HungUpError, unless_hung_up
from gateway.forms import rest
from gateway.service import Received, Service, received
from gateway.upstream.interface import UnavailableError, UpstreamError
from system.web.guard import Guard
from system.web.outcomes import ANSWERED, HUNG_UP
from system.web.refusals import RefusedError
from system.web.uploads import Uploads

_CLIENT_CLOSED = 499
"""Status of an answer that nobody receives, as nginx counts it."""
_JSON = "application/json"
_VERSION = re.compile(r"[0-9]{1,18}")

_Handler = Callable[[Request, bytes, str, Received], Awaitable[Response]]
"""Handles a request: (request, its body, the client's name, when it came)."""


def create_app(service: Service, allowed_hosts: tuple[str, ...] = ()) -> Guard:
    """Returns the application.

    Args:
      service: answers calls.
      allowed_hosts: names beside this machine's that ``Host`` may have where there are no tokens
        (``system.web.guard``); with tokens, other web pages are kept out by those.
    """
    front = _Front(service)
    app = Starlette(
        routes=[
            Route("/v1/mood", front.endpoint("mood", front.mood), methods=["POST"]),
            Route("/v1/models/{path:path}", front.models, methods=["GET", "POST"]),
            Route("/healthz", _healthy),
            Route("/readyz", front.ready),
            Route("/metrics", front.metrics),
            Route("/openapi.json", _described),
        ],
        exception_handlers={HTTPException: _http_error},
    )
    hosts = None if service.tokens else allowed_hosts
    return Guard(app, hosts, service.outcomes, refusal_response)


def refusal_response(refusal: RefusedError) -> Response:
    """Returns the answer to a request that is refused: ``{"mood": null, "error": …}``."""
    response = _json(
        refusal.status, {"mood": None, "error": refusal.error, "detail": refusal.detail[:500]}
    )
    if refusal.retry_seconds is not None:
        response.headers["Retry-After"] = str(refusal.retry_seconds)
    if refusal.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _json(status: int, document: Any) -> Response:
    return Response(orjson.dumps(document), status, media_type=_JSON)


def _http_error(request: Request, error: Exception) -> Response:
    """Answers what the routes do not know."""
    assert isinstance(error, HTTPException)
    refusal = RefusedError(error.status_code, "no_such_address", "see /openapi.json")
    response = refusal_response(refusal)
    response.headers.update(error.headers or {})
    return response


async def _healthy(request: Request) -> Response:
    return _json(200, {"status": "ok"})


async def _described(request: Request) -> Response:
    return _json(200, description())


class _Front:
    """The endpoints."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._uploads = Uploads(service.limits)

    def endpoint(self, route: str, handler: _Handler) -> Callable[[Request], Awaitable[Response]]:
        """Returns an endpoint that knows the client, reads the body and counts the answer."""

        async def endpoint(request: Request) -> Response:
            begin = received(route)
            response = await self._answered(request, handler, begin)
            response.headers["X-Request-Id"] = begin.request_id
            counts = self._service.figures
            counts.requests.labels(route, str(response.status_code)).inc()
            counts.seconds.labels(route).observe(time.perf_counter() - begin.began)
            return response

        return endpoint

    async def _answered(self, request: Request, handler: _Handler, begin: Received) -> Response:
        outcomes = self._service.outcomes
        try:
            client = self._client(request)
            with self._uploads.upload() as upload:
                body = await upload.read(request)
                work = handler(request, body, client, begin)
                response = await unless_hung_up(request.receive, work)
        except RefusedError as refusal:
            outcomes.record(refusal.error)
            return self._refused(begin, refusal)
        except UpstreamError as error:
            outcomes.record(error.error, str(error))
            retry = self._service.limits.retry_seconds if error.status == 503 else None
            public = RefusedError(error.status, error.error, error.public, retry_seconds=retry)
            return self._refused(begin, public)
        except (HungUpError, ClientDisconnect):
            outcomes.record(HUNG_UP)
            return Response(status_code=_CLIENT_CLOSED)
        outcomes.record(ANSWERED)
        return response

    def _refused(self, begin: Received, refusal: RefusedError) -> Response:
        response = refusal_response(refusal)
        if begin.route == "predict":
            # TensorFlow Serving's form of an error.
            response.body = orjson.dumps({"error": refusal.detail or refusal.error})
            response.headers["Content-Length"] = str(len(response.body))
        return response

    def _client(self, request: Request) -> str:
        address = request.client.host if request.client else ""
        return self._service.tokens.client(request.headers.get("authorization"), address)

    async def mood(self, request: Request, body: bytes, client: str, begin: Received) -> Response:
        """Answers a photo."""
        photo, box = await parsed_request(request, body)
        answer = await self._service.answer_photo(photo, box, client, begin)
        try:
            status, document = answer_document(answer, self._service.model, begin.request_id)
        except ValueError as error:
            raise UpstreamError(str(error)) from error
        return _json(status, document)

    async def models(self, request: Request) -> Response:
        """Answers TensorFlow Serving's REST form."""
        path = request.path_params["path"]
        is_call = path.endswith(":predict")
        if is_call != (request.method == "POST"):
            return refusal_response(RefusedError(405, "no_such_address", "see /openapi.json"))
        handler = self._predict if is_call else self._status
        return await self.endpoint("predict" if is_call else "status", handler)(request)

    async def _predict(
        self, request: Request, body: bytes, client: str, begin: Received
    ) -> Response:
        target, _ = self._target(request.path_params["path"].removesuffix(":predict"))
        try:
            call, by_columns = rest.parsed_call(body, self._service.limits.photos)
        except CallError as error:
            raise RefusedError(400, BAD_REQUEST, str(error)) from error
        answer = await self._service.answer_call(call, target, client, begin)
        return Response(rest.answer_body(answer, by_columns), media_type=_JSON)

    async def _status(
        self, request: Request, body: bytes, client: str, begin: Received
    ) -> Response:
        target, is_metadata = self._target(request.path_params["path"])
        if is_metadata:
            version = await self._service.upstream.current_version(target)
            spec = {"name": self._service.model, "signature_name": "", "version": str(version)}
            return _json(200, {"model_spec": spec, "metadata": {}})
        states = await self._service.upstream.states()
        if any(target):
            version = await self._service.upstream.current_version(target)
            states = [each for each in states if each.version == version]
        ok = {"error_code": "OK", "error_message": ""}
        found = [{"version": str(v), "state": state, "status": ok} for v, state in states]
        return _json(200, {"model_version_status": found})

    def _target(self, path: str) -> tuple[Target, bool]:
        """Returns the version that a path names, and whether the path asks for its metadata."""
        model, *rest_of_path = path.split("/")
        is_metadata = bool(rest_of_path) and rest_of_path[-1] == "metadata"
        try:
            match rest_of_path[:-1] if is_metadata else rest_of_path:
                case []:
                    target = Target()
                case ["versions", text] if _VERSION.fullmatch(text):
                    target = Target(version=int(text))
                case ["labels", text]:
                    target = checked_target(None, text)
                case _:
                    raise CallError("see /openapi.json")
        except CallError as error:
            words = f"Malformed request: {error}"
            raise RefusedError(404, "no_such_address", words) from error
        if model != self._service.model:
            raise RefusedError(
                404, "no_such_model", f"Servable not found for request: {model[:100]}"
            )
        return target, is_metadata

    async def ready(self, request: Request) -> Response:
        """Says whether the model is there."""
        service = self._service
        try:
            version = await service.upstream.current_version(service.target)
        except UpstreamError as error:
            service.figures.upstream_up.set(0)
            retry = service.limits.retry_seconds
            public = "the model is not there"
            kind = UnavailableError.error
            service.outcomes.record(error.error, str(error))
            return refusal_response(RefusedError(503, kind, public, retry_seconds=retry))
        service.figures.upstream_up.set(1)
        service.figures.version.set(version)
        return _json(200, {"status": "ok", "model": service.model, "version": version})

    async def metrics(self, request: Request) -> Response:
        """Returns the figures, to clients with a token where there are tokens."""
        try:
            self._client(request)
        except RefusedError as refusal:
            return refusal_response(refusal)
        return Response(
            self._service.figures.text(), headers={"Content-Type": figures.CONTENT_TYPE}
        )
