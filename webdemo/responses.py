"""Responses in JSON, without anything that tells a visitor about this machine."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from starlette.responses import JSONResponse, Response

from client.backends.address import DEFAULT_MODEL_NAME
from webdemo.messages import MESSAGES, UNEXPECTED

_LONGEST = 300
"""Characters of a detail."""
_TELLING = re.compile(
    r"(?<![\w.])(?:[A-Za-z]:)?[\\/](?:[^\s\\/'\",;:]+[\\/])*[^\s\\/'\",;:]+"  # Absolute paths.
    r"|<[^<>]* at 0x[0-9a-f]+>"  # Objects with their address in memory.
    r"|\b[a-z][a-z0-9+.-]*://\S+"  # Addresses of servers, perhaps with a password.
)


class RefusedError(Exception):
    """A request that is refused before the model sees it.

    Attributes:
      status: 4xx or 5xx.
      error: a key of ``MESSAGES``.
      detail: for the visitor.
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

    def response(self) -> Response:
        """Returns the answer."""
        response = error_response(self.status, self.error, self.detail)
        if self.retry_seconds is not None:
            response.headers["Retry-After"] = str(self.retry_seconds)
        return response


def error_response(status: int, error: str, detail: str = "") -> Response:
    """Returns ``{"mood": null, "error": …, "detail": …, "ko": …, "en": …}``.

    Args:
      status: 4xx or 5xx.
      error: a key of ``MESSAGES``; any other gets the message of ``UNEXPECTED``.
      detail: more about it, in English; paths and addresses are taken out.
    """
    korean, english = MESSAGES.get(error, MESSAGES[UNEXPECTED])
    document = {
        "mood": None,
        "error": error,
        "detail": public_text(detail),
        "ko": korean,
        "en": english,
    }
    return JSONResponse(document, status)


def public_text(text: str) -> str:
    """Returns a text with paths, servers' addresses and control characters replaced by "…"."""
    text = _TELLING.sub("…", text)
    return "".join(each if each.isprintable() else "…" for each in text)[:_LONGEST]


def public_name(source: str) -> str:
    """Returns a model's name as visitors see it.

    Args:
      source: ``ModelInfo.source``. Of a path the last part is shown, of a server the model's name
        with its version or label.
    """
    if "://" in source:
        name = urlsplit(source).path.partition("/v1/models/")[2].strip("/")
        return name or DEFAULT_MODEL_NAME
    return Path(source).absolute().name
