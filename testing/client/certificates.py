"""Certificates of an authority made for a test, and the TLS of servers that use them."""

import ssl
from pathlib import Path
from typing import NamedTuple

import grpc
import trustme


class Certificates(NamedTuple):
    """PEM files of an authority, and of a server and a client that it certifies."""

    ca: Path
    server: Path
    cert: Path
    key: Path


def make(folder: Path) -> Certificates:
    """Makes an authority and what it certifies; the server's names are below."""
    folder.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    files = Certificates(
        *(folder / name for name in ("ca.pem", "server.pem", "client.pem", "client.key"))
    )
    authority.cert_pem.write_to_path(str(files.ca))
    server = authority.issue_cert("127.0.0.1", "localhost", "serving.example")
    server.private_key_and_cert_chain_pem.write_to_path(str(files.server))
    client = authority.issue_cert("client.example")
    client.cert_chain_pems[0].write_to_path(str(files.cert))
    client.private_key_pem.write_to_path(str(files.key))
    return files


def rest_context(files: Certificates, *, mutual: bool) -> ssl.SSLContext:
    """Returns the TLS of a web server; with ``mutual`` its clients need a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.server)
    if mutual:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(files.ca)
    return context


def grpc_credentials(files: Certificates, *, mutual: bool) -> grpc.ServerCredentials:
    """Returns the same for gRPC."""
    pem = files.server.read_bytes()
    roots = files.ca.read_bytes() if mutual else None
    return grpc.ssl_server_credentials([(pem, pem)], roots, require_client_auth=mutual)
