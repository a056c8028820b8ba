"""The value of --server: address of a model on TensorFlow Serving, over gRPC or REST.

Or of a Vertex AI endpoint, whose REST calls have another path:
https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.endpoints/predict
"""

import re
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from schemas.errors import ConfigError

DEFAULT_MODEL_NAME = "pet_mood"
"""Name of the model where the address has none."""

_GRPC, _REST = {"grpc": False, "grpcs": True}, {"http": False, "https": True}
"""Whether a scheme uses TLS."""
_PORTS = {"grpc": 8500, "grpcs": 443, "http": 80, "https": 443}
_PATH = re.compile(
    r"(?P<prefix>.*?)/v1/models/(?P<model>[^/:]+)"
    r"(/versions/(?P<version>[0-9]{1,18})|/labels/(?P<label>[^/:]+))?/?"
)
_ENDPOINT = re.compile(
    r"(?P<prefix>.*?)/v1/(?P<endpoint>projects/[^/:]+/locations/[^/:]+/endpoints/[^/:]+)"
    r"(:predict|:rawPredict)?/?"
)
_ACCEPTED = (
    "It must look like grpc://host:8500 or http://host:8501, with grpcs or https for TLS; "
    f"/v1/models/NAME may follow (default: {DEFAULT_MODEL_NAME}), and then /versions/N or "
    "/labels/LABEL. A Vertex AI endpoint is https://REGION-aiplatform.googleapis.com"
    "/v1/projects/PROJECT/locations/REGION/endpoints/ID"
)


class Address(NamedTuple):
    """A model on a server.

    Attributes:
      url: as it was given.
      is_grpc: True for gRPC, False for REST.
      is_secure: whether the connection uses TLS.
      host: ``host:port`` for gRPC; for REST the part before ``/v1``, such as ``http://host:8501``.
      model: its name on the server.
      version, label: which version; without both, the server's latest.
      endpoint: resource name of a Vertex AI endpoint, ``projects/…/endpoints/ID``; "" is
        TensorFlow Serving itself.
    """

    url: str
    is_grpc: bool
    is_secure: bool
    host: str
    model: str
    version: int | None = None
    label: str | None = None
    endpoint: str = ""

    @property
    def hostname(self) -> str:
        """Name or IP address of the host, in lower case and without brackets."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The port, also where the address leaves it to its scheme."""
        parts = urlsplit(self.url)
        return parts.port or _PORTS[parts.scheme]


def parse_address(url: str) -> Address:
    """Returns the address in ``url``.

    Raises:
      ConfigError: ``url`` is malformed, or holds a user or a password.
    """
    # Whatever follows may be repeated in messages, job.json and the demo's page.
    if "@" in unquote(url):
        raise ConfigError(
            "--server takes no user or password: an address is printed and stored. Received: one "
            "with an @. Give a token by --token-file FILE, or in the environment as "
            "PET_MOOD_TOKEN; an @ cannot be part of a model's name"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:  # The port is not a number, or an IPv6 address is malformed.
        raise _malformed(url) from error
    if (at_vertex := _ENDPOINT.fullmatch(parts.path)) and _is_plain(url, parts, port):
        return _endpoint(url, parts, at_vertex)
    path = _PATH.fullmatch(
        parts.path if parts.path.strip("/") else f"/v1/models/{DEFAULT_MODEL_NAME}"
    )
    is_grpc = parts.scheme in _GRPC
    if (
        parts.scheme not in _GRPC | _REST
        or not _is_plain(url, parts, port)
        or path is None
        or (is_grpc and path["prefix"])
    ):
        raise _malformed(url)

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


def _is_plain(url: str, parts: SplitResult, port: int | None) -> bool:
    return (
        bool(parts.hostname)
        and url.isprintable()
        and " " not in url
        and port != 0
        and not parts.query
        and not parts.fragment
    )


def _endpoint(url: str, parts: SplitResult, path: re.Match[str]) -> Address:
    if parts.scheme not in _REST:
        raise ConfigError(f"A Vertex AI endpoint is called over REST: https://. Received: {url}")
    return Address(
        url=url,
        is_grpc=False,
        is_secure=_REST[parts.scheme],
        host=f"{parts.scheme}://{parts.netloc}{path['prefix']}",
        model=DEFAULT_MODEL_NAME,
        endpoint=path["endpoint"],
    )


def _grpc_target(parts: SplitResult, port: int | None) -> str:
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{port or _PORTS[parts.scheme]}"


def _malformed(url: str) -> ConfigError:
    shown, mark, _ = url.partition("?")  # Some servers take a key there.
    return ConfigError(
        f"--server must name a server. {_ACCEPTED}. Received: {shown + (mark and '?…')!r}"
    )
