"""Values of the flags of ``serve.py``, and the model that they name."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from client.backends.address import Address
from client.backends.connection import Connection


@dataclass(frozen=True)
class ServeRequest:
    """Values of the flags of ``serve.py``.

    Attributes:
      server: see ``client.backends.address``; None if ``weight_path`` is given.
      weight_path: a pushed version or the folder of versions; None if ``server`` is given.
      host: a name or address of this machine.
      port: of HTTP; 0 takes a free one.
      grpc_port: of gRPC; None is none.
      allow_hosts: more names that ``Host`` may have.
      tokens: see ``gateway.entry.access.read_tokens``.
      tls_cert, tls_key: the gateway's own certificate and key.
      timeout: of a request to the server, seconds.
      token_file, ca, cert, key: see ``client.backends.connection``; towards the server.
      overrides: settings as ``name=value``.
    """

    server: str | None = None
    weight_path: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8080
    grpc_port: int | None = None
    allow_hosts: tuple[str, ...] = ()
    tokens: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    timeout: float = 30.0
    token_file: Path | None = None
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    overrides: tuple[str, ...] = ()


class Backend(NamedTuple):
    """A model that has been found and not yet loaded or connected to.

    Attributes:
      model: its name.
      address: of the server; None where ``folder`` is served.
      connection: how the server is reached.
      folder: of a pushed version.
    """

    model: str
    address: Address | None
    connection: Connection
    folder: Path | None
