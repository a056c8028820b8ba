"""Responses in JSON, without anything that tells a visitor about this machine."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from starlette.responses import JSONResponse, Response

from client.backends.address import DEFAULT_MODEL_NAME
from system.web.refusals import UNEXPECTED, RefusedError
from webdemo.messages import MESSAGES

_LONGEST = 300
"""Characters of a detail."""
_TELLING = re.compile(
    r"(?<![\w.])(?:[A-Za-z]:)?[\\/](?:[^\s\\/'\",;:]+[\\/])*[^\s\\/'\",;:]+"  # Absolute paths.
    r"|<[^<>]* at 0x[0-9a-f]+>"  # Objects with their address in memory.
    r"|\b[a-z][a-z0-9+.-]*://\S+"  # Addresses of servers, perhaps with a password.
)


def refusal_response(refusal: RefusedError) -> Response:
    """Returns the answer to a request that was refused; its word is a key of ``MESSAGES``."""
    response = error_response(refusal.status, refusal.error, refusal.detail)
    if refusal.retry_seconds is not None:
        response.headers["Retry-After"] = str(refusal.retry_seconds)
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
