"""Requests that a server refuses, and the words for why that all our servers share."""

from collections.abc import Callable

from starlette.responses import Response

UPLOAD_TOO_LARGE = "upload_too_large"
"""The body has more bytes than the server accepts."""
UPLOAD_TOO_SLOW = "upload_too_slow"
"""The body does not come, or comes too slowly."""
BUSY = "busy"
"""There is no room for another request at the moment."""
UNEXPECTED = "unexpected_error"
"""A fault of this program or of a library: a file, say, that breaks its decoder."""
FOREIGN_HOST = "foreign_host"
"""The address that a browser was given is not one of this program's."""
CROSS_SITE = "cross_site"
"""Another web page has sent the request."""
MALFORMED_REQUEST = "malformed_request"
"""No HTTP."""


class RefusedError(Exception):
    """A request that is refused before a model sees it.

    Attributes:
      status: 4xx or 5xx.
      error: a word for programs, such as those above.
      detail: for people, in English.
      retry_seconds: for ``Retry-After``; None leaves it out.
    """

    def __init__(
        self,
        status: int,
        error: str,
        detail: str = "",
        *,
        retry_seconds: int | None = None,
    ) -> None:
        super().__init__(detail or error)
        self.status, self.error, self.detail = status, error, detail
        self.retry_seconds = retry_seconds


Respond = Callable[[RefusedError], Response]
"""Makes the answer to a refused request, in the server's own form."""
