"""Debian's MariaDB as a process of a test's own, in a folder of the test's own."""

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
    """A server on 127.0.0.1, which ``USER`` may use with ``PASSWORD``."""

    folder: Path
    port: int

    def sql(self, text: str) -> str:
        """Runs statements as its administrator and returns the answers."""
        command = ["mariadb", "--no-defaults", f"--socket={self.folder}/s", f"--user={_ADMIN}"]
        # Newer clients ask for TLS, though they come by the socket.
        command += ["--skip-ssl", "--batch", "--skip-column-names", "--execute", text]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def make(self, database: str) -> None:
        """Makes a database with the lines of docs/metadata.md."""
        self.sql(
            f"CREATE DATABASE {database} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;"
            f"GRANT ALL ON {database}.* TO {USER}@'%';"
        )

    def settings(self, database: str = DATABASE, **changes: str | int) -> MetadataSettings:
        """The settings for it."""
        told = {"host": "127.0.0.1", "port": self.port, "user": USER, **changes}
        return MetadataSettings(store="mysql", database=database, **told)  # type: ignore[arg-type]

    def texts(self, database: str = DATABASE) -> tuple[str, ...]:
        """The same as ``--set`` takes them; the port is the third."""
        return (
            "metadata.store=mysql",
            "metadata.host=127.0.0.1",
            f"metadata.port={self.port}",
            f"metadata.database={database}",
            f"metadata.user={USER}",
        )


@contextlib.contextmanager
def serving(folder: Path, *flags: str) -> Iterator[Server]:
    """Starts a server; where MariaDB is not installed the tests are left out, but for CI."""
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
    where = [f"--socket={folder}/s", f"--port={server.port}", "--bind-address=127.0.0.1"]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen([daemon, *data, *where, *flags], stdout=log, stderr=log) as process,
    ):
        try:
            _wait(server, process)
            quoted = PASSWORD.replace("'", "''")
            server.sql(f"CREATE USER {USER}@'%' IDENTIFIED BY '{quoted}'")
            server.make(DATABASE)
            yield server
        finally:
            process.terminate()
            process.wait(60)


def free_port() -> int:
    """Returns a port of 127.0.0.1 at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None, (server.folder / "log").read_text("utf-8")
        assert time.monotonic() < deadline
        # The file comes after the port.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(f"{server.folder}/s")
            return
        time.sleep(0.1)
