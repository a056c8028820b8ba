"""The gateway while it runs: its two servers, its log and its model, in one event loop."""

import asyncio
import gc
import socket
import sys
from typing import NamedTuple

from gateway.calls import Target
from gateway.entry.access import Tokens
from gateway.entry.app import create_app, refusal_response
from gateway.entry.grpc_front import grpc_server
from gateway.figures import Figures
from gateway.log.feed import LogFeed
from gateway.request import Backend, ServeRequest
from gateway.service import Service
from gateway.settings import LimitSettings, LogSettings
from gateway.tls_pair import TlsPair
from gateway.upstream.grpc import GrpcUpstream
from gateway.upstream.interface import Upstream, UpstreamError
from gateway.upstream.rest import RestUpstream
from schemas.errors import ConfigError
from system.listening import shown_address
from system.streams import quiet
from system.web.outcomes import OutcomeCounts
from system.web.server import server

BACKLOG = 256
"""Connections that wait to be accepted."""
_LOOK_SECONDS = 5.0
"""Between two looks at whether the model is there, for the figures."""
_MODEL_THREADS = 2
"""Calls of a pushed version at the same time: each uses all processors by itself."""


class Plan(NamedTuple):
    """What is served, and how; all of it is checked."""

    request: ServeRequest
    backend: Backend
    limits: LimitSettings
    log: LogSettings
    tokens: Tokens
    tls: TlsPair | None
    hosts: tuple[str, ...]


def load(backend: Backend, limits: LimitSettings) -> Upstream | None:
    """Returns the pushed version, loaded; None where there is a server.

    Raises:
      ConfigError: it cannot be loaded.
    """
    if backend.folder is None:
        return None
    from gateway.upstream.pushed import load_pushed

    with quiet(ConfigError):
        return load_pushed(backend.folder, min(limits.at_work, _MODEL_THREADS))


def _connect(plan: Plan) -> Upstream:
    address = plan.backend.address
    assert address is not None
    timeout, connection = plan.request.timeout, plan.backend.connection
    if address.is_grpc:
        return GrpcUpstream(address, timeout, connection)
    return RestUpstream(address, timeout, connection)


async def serve(plan: Plan, pushed: Upstream | None, listener: socket.socket) -> None:
    """Serves until SIGINT or SIGTERM, which uvicorn handles."""
    figures, outcomes = Figures(), OutcomeCounts()
    log = LogFeed(plan.log, figures, outcomes)
    # Connections belong to the event loop, so that they are made in here.
    upstream = pushed or _connect(plan)
    address = plan.backend.address
    target = Target(address.version, address.label) if address else Target()
    service = Service(
        *(plan.backend.model, target, upstream, plan.tokens, plan.limits, log, figures, outcomes)
    )
    tls = {}
    if plan.tls is not None:
        tls = {"ssl_certfile": plan.tls.certificate, "ssl_keyfile": plan.tls.key}
    web = server(
        create_app(service, plan.hosts), plan.limits, refusal_response, backlog=BACKLOG, **tls
    )
    port, host = plan.request.grpc_port, plan.request.host
    calls = (
        grpc_server(service, f"{_bracketed(host)}:{port}", plan.tls) if port is not None else None
    )
    await log.start()
    if calls is not None:
        await calls.start()
    # Else the collector looks through all modules again and again, for tens of milliseconds.
    gc.collect()
    gc.freeze()
    scheme = "https" if plan.tls else "http"
    sys.stdout.write(f"Serving at {scheme}://{shown_address(listener)}/\n")
    sys.stdout.flush()
    looking = asyncio.create_task(_look(service))
    try:
        await web.serve([listener])
    finally:
        looking.cancel()
        if calls is not None:
            await calls.stop(2)
        await log.stop()
        await upstream.close()
        sys.stderr.write(f"\n{outcomes.summary()}\n")


async def _look(service: Service) -> None:
    """Looks every few seconds whether the model is there, for the figures."""
    while True:
        try:
            version = await service.upstream.current_version(service.target)
        except UpstreamError as error:
            service.figures.upstream_up.set(0)
            service.outcomes.record(error.error, str(error))
        else:
            service.figures.upstream_up.set(1)
            service.figures.version.set(version)
        await asyncio.sleep(_LOOK_SECONDS)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
