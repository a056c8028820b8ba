"""Python commands in processes that need not import TFX first: forks of one that has.

Not for what a start itself does: what is printed, loaded or set before TensorFlow is imported.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from testing.paths import ROOT
from testing.processes.fork_server import ANSWER, HEADER

_ADDRESS = "PET_MOOD_FORK_SERVER"
_READY = 300.0
"""Seconds in which the server has imported TFX, however busy the machine is."""


def serve() -> Callable[[], None]:
    """Starts the server that this process and those that it starts will use; returns its end."""
    folder = tempfile.TemporaryDirectory()
    address = os.path.join(folder.name, "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(16)
        server = subprocess.Popen(
            [sys.executable, "-m", "testing.processes.fork_server", str(listener.fileno())],
            cwd=ROOT,
            env={
                **os.environ,
                # Read when the libraries are loaded.
                "TF_CPP_MIN_LOG_LEVEL": "2",
                # A device that has nothing to evaluate gets an empty batch, of which oneDNN's
                # fused convolutions make a wrong shape (docs/decisions/0010-fast-step.md).
                "TF_ENABLE_ONEDNN_OPTS": "0",
                "OPENBLAS_NUM_THREADS": "1",
            },
            stdin=subprocess.PIPE,
            pass_fds=[listener.fileno()],
        )
    os.environ[_ADDRESS] = address

    def end() -> None:
        del os.environ[_ADDRESS]
        assert server.stdin is not None
        server.stdin.close()
        server.wait()
        folder.cleanup()

    return end


class Forked:
    """A process that does what ``python *arguments`` does; its ways are those of ``Popen``.

    Attributes:
      pid: its number.
      returncode: how it ended; None before that is known.
    """

    def __init__(
        self, arguments: Sequence[str], folder: Path = ROOT, environment: Mapping[str, str] = {}
    ) -> None:
        """Starts it.

        Args:
          arguments: a script or ``-m`` and a module, then its own.
          folder: it works in.
          environment: added to that of this process.
        """
        request = {
            "arguments": list(arguments),
            "folder": str(folder),
            "environment": {**os.environ, **environment},
        }
        text = json.dumps(request).encode()
        self.returncode: int | None = None
        self._written = tempfile.TemporaryFile()  # noqa: SIM115
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.settimeout(_READY)
        self._connection.connect(os.environ[_ADDRESS])
        header = HEADER.pack(len(text))
        socket.send_fds(self._connection, [header], [self._written.fileno()])
        self._connection.sendall(text)
        self.pid = self._answer()

    def poll(self) -> int | None:
        """Returns how it ended, or None if it works."""
        try:
            return self.wait(0.0)
        except BlockingIOError:
            return None

    def wait(self, seconds: float = 900.0) -> int:
        """Waits for its end and returns how it was; TimeoutError if it does not come."""
        if self.returncode is None:
            self._connection.settimeout(seconds)
            self.returncode = self._answer()
            self._connection.close()
        return self.returncode

    def kill(self) -> None:
        """Kills it, if it works."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def output(self) -> str:
        """Returns what it has written to its standard output and error so far."""
        # It shares the file's position, which seek would change.
        size = os.fstat(self._written.fileno()).st_size
        return os.pread(self._written.fileno(), size, 0).decode("utf-8", "replace")

    def _answer(self) -> int:
        answer = self._connection.recv(ANSWER.size)
        assert len(answer) == ANSWER.size, "the fork server has died"
        number: int = ANSWER.unpack(answer)[0]
        return number
