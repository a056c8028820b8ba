"""A server that answers, over both interfaces, and what reaches it."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import grpc

from client.backends.address import parse_address
from client.backends.connection import read_connection
from client.backends.expected_model import ExpectedModel
from client.backends.tf_serving import ServingModel
from client.backends.tls import TlsFiles
from testing.client import certificates, hostile_grpc, hostile_rest
from testing.client.certificates import Certificates
from testing.client.hostile_rest import Request, predictions, response

SCHEMES = ["http", "grpc"]


class Seen(list[str | None]):
    """The values of the header ``Authorization`` that a server got."""


@contextlib.contextmanager
def serve(
    scheme: str, seen: Seen, files: Certificates | None = None, *, mutual: bool = False
) -> Iterator[str]:
    """A sound server; with certificates it speaks TLS."""
    if scheme == "http":

        def answer(request: Request, write: Any) -> None:
            seen.append(request.headers.get("Authorization"))
            write(response({"predictions": predictions(request.num_pictures)}))

        context = files and certificates.rest_context(files, mutual=mutual)
        with hostile_rest.serve(answer, context) as url:
            yield url
        return

    def reply(number: int, count: int, context: grpc.ServicerContext) -> Any:
        seen.append(dict(context.invocation_metadata()).get("authorization"))
        return hostile_grpc.reply(count)

    credentials = files and certificates.grpc_credentials(files, mutual=mutual)
    with hostile_grpc.serve(reply, credentials) as url:
        yield url


def connect(url: str, environment: Mapping[str, str] | None = None, **flags: Any) -> ServingModel:
    address = parse_address(url)
    token_file = flags.pop("token_file", None)
    found = read_connection(address, token_file, TlsFiles(**flags), environment or {})
    return ServingModel(address, ExpectedModel(), 10.0, found)
