"""TLS to a server: whom it must be certified by, and the certificate that this machine shows.

An authority comes from ``--ca``, else from the environment (``GRPC_DEFAULT_SSL_ROOTS_FILE_PATH``
for gRPC, ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` for both), else from the package certifi or from
gRPC. Files are read and checked before the first request, as gRPC would only say that it cannot
connect, and httpx end with a traceback.
"""

import os
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import certifi

from client.backends.address import Address
from schemas.errors import ConfigError
from system.printable import printable

_MAX_BYTES = 16 << 20
"""Largest file that is read; the certificates of all public authorities have a quarter MiB."""


@dataclass(frozen=True)
class TlsFiles:
    """The flags about TLS; None for one that was left out."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None


@dataclass(frozen=True)
class Tls:
    """What an encrypted connection is made with.

    Attributes:
      roots: certificates of the authorities, PEM; None is the public ones.
      cert, key: files of this machine's certificate and its key, or None.
    """

    roots: bytes | None = None
    cert: Path | None = None
    key: Path | None = field(default=None, repr=False)

    def context(self) -> ssl.SSLContext:
        """Returns the same for Python's ``ssl``."""
        # Not create_default_context: it writes keys to a file that the environment may name.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self.roots is None:
            context.load_verify_locations(cafile=certifi.where())
        else:
            context.load_verify_locations(cadata=self.roots.decode("ascii", "ignore"))
        if self.cert is not None:
            context.load_cert_chain(self.cert, self.key, password=_refuse_password)
        return context


def read_tls(address: Address, files: TlsFiles, environment: Mapping[str, str]) -> Tls | None:
    """Returns what a connection to the server is encrypted with; None for one in plain text.

    Raises:
      ConfigError: flags do not go together or with the address, or a file cannot be used.
    """
    flags = (("--ca", files.ca), ("--cert", files.cert), ("--key", files.key))
    if not address.is_secure:
        for flag, path in flags:
            if path is not None:
                raise ConfigError(
                    f"{flag} needs an encrypted connection: an address that begins with https:// "
                    f"or grpcs://. Received: {address.url}"
                )
        return None
    if (files.cert is None) != (files.key is None):
        raise ConfigError(
            "--cert and --key go together: the PEM files of this machine's certificate and of its "
            "key. Received one of them"
        )
    roots = _roots(address, files.ca, environment)
    if files.cert is not None and files.key is not None:
        _check_pair(files.cert, files.key)
    return Tls(roots, files.cert, files.key)


def _roots(address: Address, ca: Path | None, environment: Mapping[str, str]) -> bytes | None:
    if ca is not None:
        return _read_roots("--ca", ca)
    names = ("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",) * address.is_grpc
    for name in (*names, "SSL_CERT_FILE"):
        if value := environment.get(name):
            return _read_roots(f"The environment variable {name}", Path(value))
    if value := environment.get("SSL_CERT_DIR"):
        return _read_folders(value)
    return None


def _read_roots(what: str, path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            roots = file.read(_MAX_BYTES + 1)
        if len(roots) > _MAX_BYTES:
            raise ValueError("too large")
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(
            cadata=roots.decode("ascii", "ignore")
        )
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError.
        _refuse(what, path, error)
    return roots


def _read_folders(value: str) -> bytes:
    """Returns the certificates in the folders of ``SSL_CERT_DIR``."""
    found = dict.fromkeys(_certificates(value))
    if not found:
        raise ConfigError(
            "The environment variable SSL_CERT_DIR must name folders with certificates of "
            f"authorities (PEM). Received: {printable(value)}, which has none. Unset it, or name "
            "the authority's file with --ca"
        )
    return b"\n".join(found)


def _certificates(value: str) -> Iterator[bytes]:
    for folder in filter(None, value.split(os.pathsep)):
        try:
            # OpenSSL's tool adds links by hash to each file: contents come once.
            for path in sorted(path for path in Path(folder).iterdir() if path.is_file()):
                with path.open("rb") as file:
                    content = file.read(_MAX_BYTES)
                if b"-----BEGIN CERTIFICATE-----" in content:
                    yield content
        except OSError as error:
            _refuse("The environment variable SSL_CERT_DIR", Path(folder), error)


def _check_pair(cert: Path, key: Path) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(
            cert, key, password=_refuse_password
        )
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"--cert and --key must be PEM files of a certificate and its key. Received: {cert} "
            f"and {key} ({_reason(error)})"
        ) from error


def _refuse_password() -> NoReturn:
    """Python's ``ssl`` would ask on the terminal, also in a job that nobody watches."""
    raise ValueError("the key is encrypted, which is not supported: decrypt it")


def _refuse(what: str, path: Path, error: Exception) -> NoReturn:
    remedy = "Unset it, or name the authority's file with --ca" if what[0] != "-" else "Correct it"
    raise ConfigError(
        f"{what} must name a PEM file of certificates. Received: {printable(str(path))} "
        f"({_reason(error)}). {remedy}"
    ) from error


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return "it holds none"
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error)
