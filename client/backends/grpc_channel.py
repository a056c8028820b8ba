"""What a gRPC channel to a server is made of, without TensorFlow."""

from typing import Any
from urllib.parse import quote

import grpc

from client.backends.connection import Connection
from client.backends.proxy import Proxy


def channel_options(connection: Connection, limit: int) -> list[tuple[str, Any]]:
    """Returns the options of a channel whose answers have at most ``limit`` bytes, uncompressed."""
    return [
        ("grpc.max_send_message_length", -1),
        ("grpc.max_receive_message_length", limit),
        # Bit 0 is "identity": the limit is one of compressed bytes.
        ("grpc.compression_enabled_algorithms_bitset", 1),
        # Else gRPC reads the environment itself, also for servers on this machine.
        ("grpc.http_proxy", _proxy_url(connection.proxy))
        if connection.proxy
        else ("grpc.enable_http_proxy", 0),
    ]


def channel_credentials(connection: Connection) -> grpc.ChannelCredentials | None:
    """Returns the credentials of TLS; None for plain text."""
    if connection.tls is None:
        return None
    tls = connection.tls
    return grpc.ssl_channel_credentials(
        root_certificates=tls.roots,
        private_key=tls.key.read_bytes() if tls.key else None,
        certificate_chain=tls.cert.read_bytes() if tls.cert else None,
    )


def _proxy_url(proxy: Proxy) -> str:
    if not proxy.user:
        return proxy.url
    user, password = quote(proxy.user, safe=""), quote(proxy.password, safe="")
    return proxy.url.replace("://", f"://{user}:{password}@", 1)
