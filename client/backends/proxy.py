"""The proxy that the environment names for a server, checked before the first request.

The variables are those of httpx and of gRPC: ``http_proxy``, ``https_proxy`` and ``all_proxy`` for
REST, ``grpc_proxy``, ``https_proxy`` and ``http_proxy`` for gRPC
(https://github.com/grpc/grpc/blob/master/doc/environment_variables.md), and ``no_proxy``. They are
read here for both, as gRPC would silently go without a proxy that it does not understand, and
through one to a server on this machine.
"""

import ipaddress
import socket
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from client.backends.address import Address
from schemas.errors import ConfigError
from system.printable import printable


class Proxy(NamedTuple):
    """A proxy between this machine and the server.

    Attributes:
      variable: that names it.
      url: scheme, host and port.
      user, password: "" where there are none; never print them.
    """

    variable: str
    url: str
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"Proxy({self.variable!r}, {self.url!r})"

    def __str__(self) -> str:
        return f"the proxy {self.url} ({self.variable} in the environment)"


def find_proxy(address: Address, environment: Mapping[str, str]) -> Proxy | None:
    """Returns the proxy that leads to a server; None goes straight to it.

    A server on this machine is never asked through a proxy, which would look for it on its own.

    Raises:
      ConfigError: the variable that applies names no proxy that can be used.
    """
    if is_loopback(address.hostname):
        return None
    bypass = ("no_grpc_proxy", "no_proxy", "NO_PROXY") if address.is_grpc else _both("no_proxy")
    exceptions = next((environment[name] for name in bypass if environment.get(name)), "")
    if _is_excepted(address, exceptions):
        return None
    for name in _variables(address, environment):
        if value := environment.get(name, "").strip():
            return _parsed(name, value, address)
    return None


def is_loopback(hostname: str) -> bool:
    """Returns whether a host is this machine itself, by its name or address alone."""
    name = hostname.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, section 6.3.
        return True
    found = _ip_address(name)
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    # Linux connects 0.0.0.0 and :: to itself.
    return found is not None and (found.is_loopback or found.is_unspecified)


def _ip_address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(name))  # Also 127.1, as resolvers do.
    except (OSError, UnicodeError):
        return None


def _both(name: str) -> tuple[str, str]:
    return name, name.upper()


def _variables(address: Address, environment: Mapping[str, str]) -> Iterator[str]:
    """Yields the names of the variables that apply, the first of them first."""
    if address.is_grpc:
        yield from ("grpc_proxy", "https_proxy", "http_proxy")
        return
    scheme = "https" if address.is_secure else "http"
    yield f"{scheme}_proxy"
    # In a web server's script a request's header "Proxy" would set it (httpoxy).
    if scheme == "https" or "REQUEST_METHOD" not in environment:
        yield f"{scheme.upper()}_PROXY"
    yield from _both("all_proxy")


def _is_excepted(address: Address, exceptions: str) -> bool:
    """Returns whether a list such as ``NO_PROXY`` has the server."""
    ip = _ip_address(address.hostname)
    for entry in (
        part.strip().lower().removeprefix("*.").lstrip(".") for part in exceptions.split(",")
    ):
        host = entry.removeprefix("[").removesuffix("]")
        if (
            entry == "*"
            or address.hostname == host
            or address.hostname.endswith(f".{entry}" if entry else "\0")
        ):
            return True
        if entry in (f"{address.hostname}:{address.port}", f"[{address.hostname}]:{address.port}"):
            return True
        if ip is not None and _is_within(ip, host):
            return True
    return False


def _is_within(ip: ipaddress.IPv4Address | ipaddress.IPv6Address, network: str) -> bool:
    try:
        return ip in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _parsed(variable: str, value: str, address: Address) -> Proxy:
    schemes = ("http",) if address.is_grpc else ("http", "https")
    received = "a value that is no address"
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        port, host = parts.port, parts.hostname
        if parts.scheme not in schemes:
            received = f"an address that begins with {printable(parts.scheme)}://"
        elif host and value.isprintable() and " " not in value and port != 0:
            shown = f"[{host}]" if ":" in host else host
            return Proxy(
                variable,
                f"{parts.scheme}://{shown}:{port or (443 if parts.scheme == 'https' else 80)}",
                unquote(parts.username or ""),
                unquote(parts.password or ""),
            )
    except ValueError:  # The port is not a number, or an IPv6 address is malformed.
        pass
    raise ConfigError(
        f"The environment variable {variable} must name a proxy as {' or '.join(schemes)}"
        f"://host:port. Received: {received}. Correct or unset it, or add {address.hostname} to "
        "NO_PROXY to go without a proxy"
    )
