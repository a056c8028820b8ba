"""The address that a server of ours listens on, by its flags --host, --port and --allow-host."""

import ipaddress
import re
import socket

from schemas.errors import ConfigError

_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


def bind(host: str, port: int) -> socket.socket:
    """Returns a socket that is bound to the address.

    Raises:
      ConfigError: it is no address of this machine, or the port is taken.
    """
    if not 0 <= port <= 65535:  # getaddrinfo maps some of these to valid ports.
        raise _unusable(host, port, "a port must lie in 0..65535")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise _unusable(host, port, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise _unusable(host, port, error) from error
    return listener


def checked_name(name: str) -> str:
    """Returns a value of --allow-host as ``system.web.guard.host_name`` spells it.

    Raises:
      ConfigError: it is neither a name nor an IP address.
    """
    if (address := address_of(name)) is not None:
        return address
    if _NAME.fullmatch(name):
        return name.lower()
    raise ConfigError(
        "--allow-host must be a name or an IP address, without scheme, port and wildcards. "
        f"Received: {name!r}. Give one such as demo.example.org; the flag may be repeated"
    )


def address_of(host: str) -> str | None:
    """Returns an IP address in one spelling; None for any other text."""
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return None


def shown_address(listener: socket.socket) -> str:
    """Returns the ``host:port`` at which a client on this machine reaches a bound socket."""
    address, port = listener.getsockname()[:2]
    # No client can open the address that stands for all of this machine's.
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
    return f"{f'[{shown}]' if ':' in shown else shown}:{port}"


def is_open(listener: socket.socket) -> bool:
    """Returns whether other machines can reach a bound socket."""
    return not ipaddress.ip_address(listener.getsockname()[0]).is_loopback


def _unusable(host: str, port: int, reason: Exception | str) -> ConfigError:
    return ConfigError(
        "--host and --port must be an address of this machine and a free port in 0..65535. "
        f"Received: {host} and {port} ({reason}). Name another port; 0 takes a free one"
    )
