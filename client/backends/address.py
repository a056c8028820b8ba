"""What --server names: a model on TensorFlow Serving, over gRPC or REST."""

import re
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from schemas.errors import ConfigError

MODEL = "pet_mood"
"""The model's name where the address has none."""

_GRPC, _REST = {"grpc": False, "grpcs": True}, {"http": False, "https": True}
_GRPC_PORTS = {"grpc": 8500, "grpcs": 443}
_PATH = re.compile(
    r"(?P<prefix>.*?)/v1/models/(?P<model>[^/:]+)"
    r"(/versions/(?P<version>[0-9]{1,18})|/labels/(?P<label>[^/:]+))?/?"
)
_ACCEPTED = (
    "It must look like grpc://host:8500 or http://host:8501, with grpcs or https for TLS; "
    f"/v1/models/NAME may follow (default: {MODEL}), and then /versions/N or /labels/LABEL"
)


class Address(NamedTuple):
    """A model on a server.

    Attributes:
      url: as it was given.
      is_grpc: whether it speaks gRPC; else REST.
      is_secure: whether over TLS.
      host: ``host:port`` for gRPC; for REST all before ``/v1``, such as ``http://host:8501``.
      model: its name on the server.
      version, label: which version; without both, the server's latest.
    """

    url: str
    is_grpc: bool
    is_secure: bool
    host: str
    model: str
    version: int | None = None
    label: str | None = None


def parse_address(url: str) -> Address:
    """Returns what ``url`` names.

    Raises:
      ConfigError: it is no such address.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:  # A port that is no number, a broken IPv6 address.
        raise _refused(url) from error
    path = _PATH.fullmatch(parts.path if parts.path.strip("/") else f"/v1/models/{MODEL}")
    is_grpc = parts.scheme in _GRPC
    if (
        parts.scheme not in _GRPC | _REST
        or not parts.hostname
        or parts.query
        or path is None
        or (is_grpc and path["prefix"])
    ):
        raise _refused(url)
    return Address(
        url=url,
        is_grpc=is_grpc,
        is_secure=(_GRPC | _REST)[parts.scheme],
        host=_grpc_target(parts, port)
        if is_grpc
        else f"{parts.scheme}://{parts.netloc}{path['prefix']}",
        model=path["model"],
        version=int(path["version"]) if path["version"] else None,
        label=path["label"],
    )


def _grpc_target(parts: SplitResult, port: int | None) -> str:
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{port or _GRPC_PORTS[parts.scheme]}"


def _refused(url: str) -> ConfigError:
    return ConfigError(f"--server must name a server. {_ACCEPTED}. Received: {url!r}")
