"""Reads the bodies of requests, within limits of bytes and time."""

import asyncio
import contextlib
from collections.abc import Iterator

from starlette.requests import Request

from system.web.interruption import Interruption
from system.web.limits import UploadLimits
from system.web.refusals import BUSY, UPLOAD_TOO_LARGE, UPLOAD_TOO_SLOW, RefusedError


class Uploads:
    """The bodies that are in memory at the moment."""

    def __init__(self, limits: UploadLimits) -> None:
        self._limits = limits
        self._bytes = 0

    @contextlib.contextmanager
    def upload(self) -> Iterator["Upload"]:
        """Yields room for one body, which is given back at the end of the block."""
        upload = Upload(self)
        try:
            yield upload
        finally:
            self._bytes -= upload.size

    def take(self, size: int) -> None:
        """Takes room for some bytes.

        Raises:
          RefusedError: 503, there is none.
        """
        if self._bytes + size > self._limits.all_uploads_bytes:
            raise RefusedError(503, BUSY, retry_seconds=self._limits.retry_seconds)
        self._bytes += size

    @property
    def limits(self) -> UploadLimits:
        """The limits of all uploads."""
        return self._limits


class Upload:
    """One body.

    Attributes:
      size: bytes that have been read.
    """

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads
        self.size = 0

    async def read(self, request: Request) -> bytes:
        """Returns a request's body.

        Raises:
          RefusedError: 408 too slow, 413 too large, 503 no room.
          ClientDisconnect: the client has left.
        """
        limits = self._uploads.limits
        # What is too large by its own account need not be sent first.
        with contextlib.suppress(ValueError):
            self._check_size(int(request.headers.get("content-length", "0")))
        body = bytearray()
        loop = asyncio.get_running_loop()
        end = loop.time() + limits.upload_seconds
        # The connection is not closed at once: bytes that come after that would reset it, and the
        # client would lose this answer. ConnectionLimits.header_seconds ends it.
        too_slow = RefusedError(
            408,
            UPLOAD_TOO_SLOW,
            f"the limits are {limits.stall_seconds:g} seconds without data and "
            f"{limits.upload_seconds:g} seconds in all",
        )
        with Interruption(too_slow) as stop:
            deadline = loop.call_at(min(end, loop.time() + limits.stall_seconds), stop)
            try:
                async for chunk in request.stream():
                    deadline.cancel()
                    self._check_size(len(body) + len(chunk))
                    self._uploads.take(len(chunk))
                    self.size += len(chunk)
                    body += chunk
                    deadline = loop.call_at(min(end, loop.time() + limits.stall_seconds), stop)
            finally:
                deadline.cancel()
        return bytes(body)

    def _check_size(self, size: int) -> None:
        if size > (limit := self._uploads.limits.upload_bytes):
            raise RefusedError(413, UPLOAD_TOO_LARGE, f"the limit is {limit} bytes")
