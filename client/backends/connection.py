"""What is added to the requests to a server: a token, TLS, and the environment's proxy.

Everything is read and checked before the first request. The token is kept apart from the address,
which is printed and stored.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from client.backends.address import Address
from client.backends.proxy import Proxy, find_proxy, is_loopback
from client.backends.tls import Tls, TlsFiles, read_tls
from schemas.errors import ConfigError

TOKEN_VARIABLE = "PET_MOOD_TOKEN"
"""Environment variable with the token, where ``--token-file`` names no file."""

_TOKEN = re.compile(r"[!-~]{1,8192}")
"""What fits an HTTP header; the tokens of RFC 6750 are a part of it."""


@dataclass(frozen=True)
class Connection:
    """How a server is reached.

    Attributes:
      token: sent as ``Authorization: Bearer``; "" is none. Never print it.
      tls: None for plain text, or the public authorities.
      proxy: None goes straight to the server.
    """

    token: str = field(default="", repr=False)
    tls: Tls | None = None
    proxy: Proxy | None = None


def read_connection(
    address: Address,
    token_file: Path | None = None,
    files: TlsFiles | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Connection:
    """Returns how the server is reached.

    Args:
      address: of the server.
      token_file: file with the token; None is the environment's, if any.
      files: of TLS.
      environment: the process' environment.

    Raises:
      ConfigError: a file or a variable cannot be used, or a token would be sent in plain text.
    """
    tls = read_tls(address, files or TlsFiles(), environment)
    token, source = _token(token_file, environment)
    # No flag allows it: whoever listens in could use the token until it is withdrawn. A forwarded
    # port (ssh -L, kubectl port-forward) makes any server one of this machine.
    if token and tls is None and not is_loopback(address.hostname):
        remedy = "" if token_file else f", or unset {TOKEN_VARIABLE}"
        raise ConfigError(
            f"The token of {source} must not be sent in plain text. Received: {address.url}. Use "
            f"https:// or grpcs://, or forward the server's port to this machine{remedy}"
        )
    return Connection(token, tls, find_proxy(address, environment))


def _token(file: Path | None, environment: Mapping[str, str]) -> tuple[str, str]:
    """Returns the token and where it is from."""
    if file is None:
        source = f"the environment variable {TOKEN_VARIABLE}"
        token = environment.get(TOKEN_VARIABLE, "")
        if not token:
            return "", source
    else:
        source = f"--token-file {file}"
        token = _read_token(file)
    token = token.strip()
    if not _TOKEN.fullmatch(token):
        raise ConfigError(
            f"A token must be 1 to 8192 letters, digits and signs of ASCII, without blanks. "
            f"Received: {len(token)} characters of {source}"
        )
    return token, source


def _read_token(file: Path) -> str:
    try:
        # A named pipe would keep the command waiting, and a device has no end.
        if not file.is_file():
            raise FileNotFoundError(2, "there is no such file")
        with file.open("rb") as opened:
            return opened.read(1 << 16).decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not ASCII"
        raise ConfigError(
            f"--token-file must name a text file that holds a token. Received: {file} ({reason})"
        ) from None  # The error of the decoding holds what was read.
