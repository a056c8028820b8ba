"""A connection of uvicorn, with the limits that it lacks.

uvicorn waits for ever for the rest of a request (https://github.com/Kludex/uvicorn/issues/157), its
parser in C takes headers and pipelined requests of any number, and its ``limit_concurrency`` counts
silent connections as requests: some that say nothing would keep everybody out
(docs/decisions/0018-demo.md). The other parser, h11, has a limit of headers, and takes half a
millisecond of Python for each request (docs/decisions/0042-gateway.md).
"""

import asyncio
from typing import ClassVar, NamedTuple

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from system.web.guard import SECURITY_HEADERS
from system.web.limits import ConnectionLimits
from system.web.refusals import MALFORMED_REQUEST, RefusedError, Respond

LARGEST_HEADER = 16 << 10
"""Bytes of a request's header."""
MOST_PIPELINED = 16
"""Requests that a client may send before it has the answer to an earlier one."""


class Rules(NamedTuple):
    """Limits, and what answers a request that is no HTTP."""

    limits: ConnectionLimits
    respond: Respond


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol of a connection, with limits on what its client sends, and when."""

    rules: ClassVar[Rules]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Makes room for the connection and begins to wait for its first request."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._header_deadline: asyncio.TimerHandle | None = None
        self._write_deadline: asyncio.TimerHandle | None = None
        self._in_header = self._in_trailer = False
        self._header_bytes = self._incomplete_bytes = 0
        self._make_room()
        self._set_header_deadline()

    def data_received(self, data: bytes) -> None:
        """Stops the deadline where the data completes a request's header."""
        was_within = self._in_header or self._in_trailer
        super().data_received(data)
        if was_within and (self._in_header or self._in_trailer):
            # The parser keeps a name or value that is not complete, and tells of it at its end.
            self._incomplete_bytes += len(data)
            if self._incomplete_bytes > LARGEST_HEADER:
                self.send_400_response("the header is too large")
        self._set_header_deadline()

    # An error in the callbacks below comes out of the parser, and is answered as no HTTP.

    def on_message_begin(self) -> None:
        """Begins to count."""
        super().on_message_begin()
        self._in_header = True
        self._header_bytes = self._incomplete_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Takes a part of the address."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes a header; one that follows a body is dropped."""
        self._count(name, value)
        if self._in_header:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begins to handle the request."""
        self._in_header = False
        hosts = sum(name == b"host" for name, _ in self.headers)
        # RFC 9112, 3.2. Only HTTP/1.0 may leave it out.
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() != "1.0"):
            raise ValueError("a request has one Host")
        if len(self.pipeline) >= MOST_PIPELINED:
            raise ValueError("too many requests at once")
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        """Begins a part of a body, of which the last has no bytes: headers follow it."""
        self._in_trailer = True
        self._incomplete_bytes = 0

    def on_body(self, body: bytes) -> None:
        """Takes a part of the body."""
        self._in_trailer = False
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Ends the request."""
        self._in_trailer = False
        super().on_message_complete()

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
        if self.transport.is_closing():
            return
        if self._has_request() and (self.cycle.response_started or self.pipeline):
            self.transport.abort()  # This answer would be taken for that to an earlier request.
            return
        response = self.rules.respond(RefusedError(400, MALFORMED_REQUEST, msg))
        headers = {**SECURITY_HEADERS, **response.headers, "Connection": "close"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 400 Bad Request\r\n{lines}\r\n".encode("latin-1")
        self.transport.write(head + bytes(response.body))
        self.transport.close()

    def _count(self, *parts: bytes) -> None:
        self._header_bytes += sum(map(len, parts))
        if self._header_bytes > LARGEST_HEADER:
            raise ValueError("the header is too large")

    def _make_room(self) -> None:
        """Closes the connection that has waited longest for its client, if there are too many."""
        others = [
            each
            for each in self.connections
            if isinstance(each, LimitedProtocol)
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
