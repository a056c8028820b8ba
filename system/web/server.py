"""HTTP: uvicorn, with the limits on connections and time that it lacks.

uvicorn waits for ever for the rest of a request (https://github.com/Kludex/uvicorn/issues/157),
and its ``limit_concurrency`` counts silent connections as requests: some that say nothing would
keep everybody out (docs/decisions/0018-demo.md).
"""

import asyncio
import socket
from typing import Any, ClassVar, NamedTuple

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from system.web.guard import SECURITY_HEADERS
from system.web.limits import ConnectionLimits
from system.web.refusals import MALFORMED_REQUEST, RefusedError, Respond

BACKLOG = 64
"""Connections that wait to be accepted. asyncio accepts as many at once before any of them can be
refused, and with too few descriptors for them it would log each failure."""
_KEEP_ALIVE = 5
"""Seconds that a connection stays open after an answer."""
_LARGEST_HEADER = 16 << 10
"""Bytes of a request's header."""


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

    class Protocol(_LimitedProtocol):
        rules = _Rules(limits, respond)

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
                "access_log": False,
                "proxy_headers": False,
                "server_header": False,
                "backlog": BACKLOG,
                "timeout_keep_alive": _KEEP_ALIVE,
                "timeout_graceful_shutdown": 2,
                "h11_max_incomplete_event_size": _LARGEST_HEADER,
                **options,
            },
        )
    )


class _Rules(NamedTuple):
    limits: ConnectionLimits
    respond: Respond


class _LimitedProtocol(H11Protocol):
    """uvicorn's protocol of a connection, with deadlines for what its client has to do."""

    rules: ClassVar[_Rules]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Makes room for the connection and begins to wait for its first request."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._header_deadline: asyncio.TimerHandle | None = None
        self._write_deadline: asyncio.TimerHandle | None = None
        self._make_room()
        self._set_header_deadline()

    def data_received(self, data: bytes) -> None:
        """Stops the deadline where the data completes a request's header."""
        super().data_received(data)
        self._set_header_deadline()

    def on_response_complete(self) -> None:
        """Begins to wait for the next request."""
        self._cancel_header_deadline()
        super().on_response_complete()
        self._set_header_deadline()

    def pause_writing(self) -> None:
        """Begins to wait for the client to read."""
        super().pause_writing()
        self._write_deadline = self.loop.call_later(
            self.rules.limits.write_seconds, self.transport.abort
        )

    def resume_writing(self) -> None:
        """Ends the wait."""
        super().resume_writing()
        self._cancel_write_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the deadlines."""
        self._cancel_header_deadline()
        super().connection_lost(exc)
        self._cancel_write_deadline()

    def send_400_response(self, msg: str) -> None:
        """Answers what is no HTTP, with the headers of every answer."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.abort()  # An answer has been sent already.
            return
        response = self.rules.respond(RefusedError(400, MALFORMED_REQUEST, msg))
        headers = {**SECURITY_HEADERS, **response.headers, "Connection": "close"}
        for event in (
            h11.Response(status_code=400, headers=list(headers.items())),
            h11.Data(data=bytes(response.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _make_room(self) -> None:
        """Closes the connection that has waited longest for its client, if there are too many."""
        others = [
            each
            for each in self.connections
            if isinstance(each, _LimitedProtocol)
            and each is not self
            and not each.transport.is_closing()
        ]
        if len(others) < self.rules.limits.connections:
            return
        waiting = [each for each in others if not each._has_request()]
        # Then those whose request is not whole yet.
        waiting = waiting or [each for each in others if each.cycle.more_body]
        oldest = min(waiting, key=lambda each: each._since, default=self)
        oldest.transport.abort()

    def _has_request(self) -> bool:
        """Returns whether a request's header has come and its answer is not complete."""
        return self.cycle is not None and not self.cycle.response_complete

    def _set_header_deadline(self) -> None:
        if self._has_request() or self.transport.is_closing():
            self._cancel_header_deadline()
        elif self._header_deadline is None:
            self._header_deadline = self.loop.call_later(
                self.rules.limits.header_seconds, self.transport.abort
            )

    def _cancel_header_deadline(self) -> None:
        if self._header_deadline is not None:
            self._header_deadline.cancel()
            self._header_deadline = None

    def _cancel_write_deadline(self) -> None:
        if self._write_deadline is not None:
            self._write_deadline.cancel()
            self._write_deadline = None
