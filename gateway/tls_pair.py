"""The gateway's own certificate and key."""

import ssl
from pathlib import Path
from typing import NamedTuple, NoReturn

from schemas.errors import ConfigError


class TlsPair(NamedTuple):
    """Files of a server's certificate and its key, PEM."""

    certificate: Path
    key: Path


def checked_pair(certificate: Path | None, key: Path | None) -> TlsPair | None:
    """Returns the files of --tls-cert and --tls-key, which are tried; None without both.

    Raises:
      ConfigError: one is missing, or they do not go together.
    """
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise ConfigError("--tls-cert and --tls-key go together. Received: one of them")
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key, password=_refuse_password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError.
        reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or error
        raise ConfigError(
            "--tls-cert and --tls-key must be PEM files of a certificate and its key. Received: "
            f"{certificate} and {key} ({reason})"
        ) from error
    return TlsPair(certificate, key)


def _refuse_password() -> NoReturn:
    """Python's ``ssl`` would ask on the terminal, also in a job that nobody watches."""
    raise ValueError("the key is encrypted, which is not supported: decrypt it")
