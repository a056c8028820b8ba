"""Debian's MariaDB as a test's own process, with its data in the test's own folder."""

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.metadata.settings import MetadataSettings

PASSWORD = "two'words #%\" 1"
USER, DATABASE = "pet", "mlmd"
_ADMIN = getpass.getuser()
_PATH = os.environ["PATH"] + ":/usr/sbin"


@dataclass(frozen=True)
class Server:
    """A server on 127.0.0.1 that ``USER`` may use with ``PASSWORD``."""

    folder: Path
    port: int

    def sql(self, text: str) -> str:
        """Runs statements as the administrator and returns the output."""
        command = ["mariadb", "--no-defaults", f"--socket={self.folder}/s", f"--user={_ADMIN}"]
        # Newer clients ask for TLS even on the socket.
        command += ["--skip-ssl", "--batch", "--skip-column-names", "--execute", text]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def create(self, database: str) -> None:
        """Creates a database with the statements of docs/metadata.md."""
        self.sql(
            f"CREATE DATABASE {database} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;"
            f"GRANT ALL ON {database}.* TO {USER}@'%';"
        )

    def settings(self, database: str = DATABASE, **changes: str | int) -> MetadataSettings:
        """Returns the settings for this server."""
        values = {"host": "127.0.0.1", "port": self.port, "user": USER, **changes}
        return MetadataSettings(store="mysql", database=database, **values)  # type: ignore[arg-type]

    def texts(self, database: str = DATABASE) -> tuple[str, ...]:
        """Returns the same settings as texts for ``--set``; the port is the third."""
        return (
            "metadata.store=mysql",
            "metadata.host=127.0.0.1",
            f"metadata.port={self.port}",
            f"metadata.database={database}",
            f"metadata.user={USER}",
        )


@contextlib.contextmanager
def serving(folder: Path, *flags: str) -> Iterator[Server]:
    """Runs a server; where MariaDB is not installed the test is skipped, except in CI."""
    daemon = shutil.which("mariadbd", path=_PATH)
    if daemon is None and "CI" not in os.environ:
        pytest.skip("needs Debian's package mariadb-server")
    assert daemon is not None, "CI needs Debian's package mariadb-server"
    folder.mkdir(parents=True, exist_ok=True)
    data = ["--no-defaults", f"--datadir={folder / 'data'}"]
    if os.geteuid() == 0:
        data.append("--user=root")
    admin = ["--auth-root-authentication-method=socket", f"--auth-root-socket-user={_ADMIN}"]
    subprocess.run(
        ["mariadb-install-db", *data, *admin, "--skip-test-db"], check=True, capture_output=True
    )
    server = Server(folder, free_port())
    address = [f"--socket={folder}/s", f"--port={server.port}", "--bind-address=127.0.0.1"]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen([daemon, *data, *address, *flags], stdout=log, stderr=log) as process,
    ):
        try:
            _wait_until_ready(server, process)
            quoted = PASSWORD.replace("'", "''")
            server.sql(f"CREATE USER {USER}@'%' IDENTIFIED BY '{quoted}'")
            server.create(DATABASE)
            yield server
        finally:
            process.terminate()
            process.wait(60)


def free_port() -> int:
    """Returns a port of 127.0.0.1 on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None, (server.folder / "log").read_text("utf-8")
        assert time.monotonic() < deadline
        # The server opens the port first and then creates the socket's file.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(f"{server.folder}/s")
            return
        time.sleep(0.1)
