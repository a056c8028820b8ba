"""moto's server, which speaks S3, on this machine; MinIO's interface is the same."""

import contextlib
import logging
import urllib.request
from collections.abc import Iterator
from typing import NamedTuple

from moto.server import ThreadedMotoServer


class Amazon(NamedTuple):
    """A running server: its address."""

    address: str

    def environment(self) -> dict[str, str]:
        """Returns what makes clients of S3 use it."""
        return {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }


@contextlib.contextmanager
def serve(*buckets: str) -> Iterator[Amazon]:
    """Serves empty buckets on a free port of 127.0.0.1."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        address = f"http://{host}:{port}"
        for bucket in buckets:
            request = urllib.request.Request(f"{address}/{bucket}", method="PUT")
            urllib.request.urlopen(request, timeout=30).close()
        yield Amazon(address)
    finally:
        server.stop()
