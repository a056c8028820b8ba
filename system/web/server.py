"""HTTP: uvicorn, with the limits of ``system.web.connections``."""

import socket
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from system.web.connections import LimitedProtocol, Rules
from system.web.limits import ConnectionLimits
from system.web.refusals import Respond

BACKLOG = 64
"""Connections that wait to be accepted. asyncio accepts as many at once before any of them can be
refused, and with too few descriptors for them it would log each failure."""
_KEEP_ALIVE = 5
"""Seconds that a connection stays open after an answer."""


def serve_until_stopped(
    app: ASGIApp, listener: socket.socket, limits: ConnectionLimits, respond: Respond
) -> None:
    """Serves an application until SIGINT or SIGTERM.

    Args:
      app: the application.
      listener: a bound socket, which is closed at the end.
      limits: those of connections and time.
      respond: answers what is no HTTP.
    """
    server(app, limits, respond).run(sockets=[listener])


def server(
    app: ASGIApp, limits: ConnectionLimits, respond: Respond, **options: Any
) -> uvicorn.Server:
    """Returns the server of an application; ``options`` are more of uvicorn's, such as TLS."""

    class Protocol(LimitedProtocol):
        rules = Rules(limits, respond)

    return uvicorn.Server(
        uvicorn.Config(
            app,
            **{
                "loop": "asyncio",
                "http": Protocol,
                "ws": "none",
                "lifespan": "off",
                # Its warnings are about what clients send, a line each.
                "log_level": "error",
                # Its own would close the handlers of all libraries, with what they write to.
                "log_config": None,
                "access_log": False,
                "proxy_headers": False,
                "server_header": False,
                "backlog": BACKLOG,
                "timeout_keep_alive": _KEEP_ALIVE,
                "timeout_graceful_shutdown": 2,
                **options,
            },
        )
    )
