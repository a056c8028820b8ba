"""Debian's nginx with deploy/serving/nginx.conf, in front of a server on this machine."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from testing.paths import ROOT

TOKEN = "b" * 64
"""That of the client "tests"."""
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
CONFIG = ROOT / "deploy" / "serving" / "nginx.conf"


class Proxy(NamedTuple):
    """A proxy that runs.

    Attributes:
      port: on localhost, TLS.
      certificate: PEM file that it must be trusted by.
      log: its log of requests and errors.
    """

    port: int
    certificate: Path
    log: Path


@contextlib.contextmanager
def proxy_before(grpc_port: int, rest_port: int, folder: Path) -> Iterator[Proxy]:
    """Runs the proxy until the end of the block.

    Args:
      grpc_port: the server's, on 127.0.0.1.
      rest_port: the server's other one.
      folder: an empty folder, for its files.
    """
    assert NGINX is not None
    secrets, temporary = folder / "secrets", folder / "tmp"
    secrets.mkdir()
    temporary.mkdir()
    make_certificate(secrets)
    (secrets / "tokens.conf").write_text(f'"Bearer {TOKEN}" "tests";\n', "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    log = folder / "nginx.log"
    text = CONFIG.read_text("utf-8")
    # What a container's file system and network give.
    for delivered, here in (
        ("listen 8443 ", f"listen 127.0.0.1:{port} "),
        ("serving:8500", f"127.0.0.1:{grpc_port}"),
        ("serving:8501", f"127.0.0.1:{rest_port}"),
        (" /tmp/", f" {temporary}/"),
        (" /secrets/", f" {secrets}/"),
        (" /dev/stdout ", f" {log} "),
        ("error_log stderr ", f"error_log {log} "),
    ):
        assert delivered in text, delivered
        text = text.replace(delivered, here)
    config = folder / "nginx.conf"
    config.write_text(text, "utf-8")
    # Its workers would be another user's if root starts it, who may not enter the folder.
    same_user = ["-g", "user root;"] if os.geteuid() == 0 else []
    command = [NGINX, "-e", str(log), "-c", str(config), *same_user]
    with subprocess.Popen(command) as process:
        try:
            _wait_for(port, process)
            yield Proxy(port, secrets / "tls.crt", log)
        finally:
            process.terminate()
            process.wait()


def make_certificate(folder: Path) -> None:
    """Writes tls.crt and tls.key for localhost, with the command of docs/serving.md."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-noenc", "-days", "30", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", "tls.key", "-out", "tls.crt"],
        cwd=folder,
        check=True,
        capture_output=True,
    )  # fmt: skip


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        assert process.poll() is None, "nginx has ended"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise TimeoutError("nginx does not listen")
