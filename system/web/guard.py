"""Which requests are let in, and the headers that every answer carries.

A server on 127.0.0.1 is out of strangers' reach, but not out of the reach of the web pages that are
open in the same browser. Two checks hold them off:

- ``Host`` must be a name of this program. A page whose domain has been pointed at 127.0.0.1 (DNS
  rebinding) counts as the same origin for the browser, but sends its own name.
- ``Origin`` and ``Sec-Fetch-Site`` of a request that is more than reading must be this page's own.
  Browsers send them with every POST; programs such as curl send neither.
  https://www.w3.org/TR/fetch-metadata/ and
  https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
"""

import ipaddress
import re
import traceback
from collections.abc import Collection, Iterable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from system.web.outcomes import OutcomeCounts
from system.web.refusals import CROSS_SITE, FOREIGN_HOST, UNEXPECTED, RefusedError, Respond

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")
"""Names of this machine that are always let in."""
SECURITY_HEADERS = {
    # The browser itself keeps the page from sending anything to other servers.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src blob: data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
"""Headers of every answer, errors included."""
_RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
_RAW_NAMES = frozenset(name for name, _ in _RAW_HEADERS)

_AUTHORITY = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+?)\.?)(?::[0-9]{1,5})?", re.IGNORECASE)
_READING = ("GET", "HEAD")
_OWN_SITES = ("same-origin", "none")
"""``none`` is the user: an address that was typed, or a bookmark."""


def host_name(authority: str) -> str | None:
    """Returns the name in the value of a ``Host`` header, in one spelling; None if it has none.

    Example:
      >>> host_name("LOCALHOST:7860"), host_name("[0:0::1]:7860"), host_name("user@localhost")
      ('localhost', '::1', None)
    """
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        return None
    if match[1] is None:
        return match[2].lower()
    return _address(match[1])


def _address(text: str) -> str | None:
    """Returns an IP address in one spelling; None for any other text."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # A socket of both kinds has an IPv4 client's address in this form.
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


class Guard:
    """ASGI middleware around the whole application: refuses, adds headers, and ends exceptions."""

    def __init__(
        self,
        app: ASGIApp,
        allowed_hosts: Iterable[str] | None,
        log: OutcomeCounts,
        respond: Respond,
    ) -> None:
        """Remembers who may enter.

        Args:
          app: the application.
          allowed_hosts: names and addresses, as ``host_name`` spells them, in addition to
            ``LOOPBACK_NAMES`` and to the address that a connection has reached. None lets in all:
            where each request needs a token, which other web pages do not have.
          log: counts refusals and unexpected errors.
          respond: makes their answers.
        """
        self._app = app
        self._allowed = None if allowed_hosts is None else {*LOOPBACK_NAMES, *allowed_hosts}
        self._log = log
        self._respond = respond

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                own = (pair for pair in message["headers"] if pair[0] not in _RAW_NAMES)
                message["headers"] = [*own, *_RAW_HEADERS]
            await send(message)

        try:
            if self._allowed is not None:
                self._check(scope, self._allowed)
            await self._app(scope, receive, send_guarded)
        except RefusedError as refusal:
            self._log.record(refusal.error)
            await self._respond(refusal)(scope, receive, send_guarded)
        except Exception:
            self._log.record(UNEXPECTED, traceback.format_exc())
            if not started:
                answer = self._respond(RefusedError(500, UNEXPECTED))
                await answer(scope, receive, send_guarded)

    def _check(self, scope: Scope, allowed: Collection[str]) -> None:
        """Raises a ``RefusedError`` for a request of somebody else."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        own = _address((scope.get("server") or ("",))[0])
        name = host_name(hosts[0]) if len(hosts) == 1 else None
        if name is None or not (name in allowed or name == own):
            # 421 Misdirected Request, RFC 9110.
            raise RefusedError(421, FOREIGN_HOST)
        if scope["method"] in _READING:
            return
        origins = headers.getlist("origin")
        sites = headers.getlist("sec-fetch-site")
        if any(site not in _OWN_SITES for site in sites) or any(
            origin.lower().partition("://")[2] != hosts[0].lower() for origin in origins
        ):
            raise RefusedError(403, CROSS_SITE)
