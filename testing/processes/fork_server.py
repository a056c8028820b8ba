"""Forks of a process that has imported TFX, for ``forked.py``: ``fork_server.py <descriptor>``.

The descriptor is that of a socket that listens.

Importing TFX takes 20 s, TensorFlow 8 s; a fork has both at once. That is safe as long as nothing
has been computed before: TensorFlow starts its threads with its first operation, gRPC with its
first channel, and the threads that OpenBLAS and jemalloc start when they are loaded are started
again in a fork by themselves. ``_import`` looks.

The imports are made for the first fork that is asked for. The server ends with its standard input.
"""

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import struct
import sys
import threading
import traceback
import warnings
from typing import Any, NoReturn

HEADER = struct.Struct("!Q")
"""The length of a request, which comes with the standard output."""
ANSWER = struct.Struct("!q")
"""The process's number; and later how it ended, as ``subprocess`` tells it."""

_MODULES = (
    "tfx.v1",
    "tfx.extensions.google_cloud_ai_platform.trainer.executor",
    "tfx.orchestration.kubeflow.v2.container.kubeflow_v2_run_executor",
    "tfx.orchestration.local.local_dag_runner",
    "tensorflow_data_validation",
    "tensorflow_model_analysis",
    "keras_tuner",
)
"""Nothing of ours: each fork imports that itself, as a process does."""


class Server:
    """Forks on demand and tells of each fork's end."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._asked_by: dict[int, socket.socket] = {}
        self._wakes, self._woken = socket.socketpair()
        for end in (self._wakes, self._woken):
            end.setblocking(False)

    def serve(self) -> None:
        """Works until the standard input ends, then kills what is left."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._woken.fileno())
        with selectors.DefaultSelector() as selector:
            selector.register(sys.stdin.buffer, selectors.EVENT_READ, None)
            selector.register(self._listener, selectors.EVENT_READ, self._fork)
            selector.register(self._wakes, selectors.EVENT_READ, self._reap)
            while True:
                for key, _ in selector.select():
                    if key.data is None:
                        return self._end()
                    key.data()

    def _fork(self) -> None:
        connection, _ = self._listener.accept()
        header, files, _, _ = socket.recv_fds(connection, HEADER.size, 1)
        if not files:  # Who asked has been stopped.
            connection.close()
            return
        with connection.makefile("rb") as stream:
            request = json.loads(stream.read(HEADER.unpack(header)[0]))
        _import()
        pid = os.fork()
        if not pid:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGINT, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for one in (self._listener, self._wakes, self._woken, *self._asked_by.values()):
                one.close()
            connection.close()
            _become(request, files[0])
        os.close(files[0])
        connection.sendall(ANSWER.pack(pid))
        self._asked_by[pid] = connection

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wakes.recv(4096)
        while self._asked_by:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            with self._asked_by.pop(pid) as connection, contextlib.suppress(OSError):
                connection.sendall(ANSWER.pack(os.waitstatus_to_exitcode(status)))

    def _end(self) -> None:
        for pid in self._asked_by:
            os.kill(pid, signal.SIGKILL)
        for pid in self._asked_by:
            os.waitpid(pid, 0)


@functools.cache
def _import() -> None:
    """Imports what takes long and makes sure that nothing was computed by it."""
    gc.disable()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in _MODULES:
            importlib.import_module(name)
    from tensorflow.python.eager import context
    from tfx.utils import dependency_utils

    # TFX packs itself for Beam's workers elsewhere, in two seconds a node.
    package = dependency_utils.build_ephemeral_package()
    dependency_utils.build_ephemeral_package = lambda: package
    assert threading.active_count() == 1, threading.enumerate()
    assert not context.context()._initialized, "TensorFlow has computed something"
    gc.freeze()  # Nothing of it is copied only because the collector looks at it.
    gc.enable()


def _become(request: dict[str, Any], output: int) -> NoReturn:
    """Does what ``python *arguments`` does, and ends."""
    for number in (1, 2):
        os.dup2(output, number)
    os.close(output)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    code: Any = 1
    try:
        name, *arguments = request["arguments"]
        if name == "-m":
            name, *arguments = arguments
            sys.argv = ["-m", *arguments]
            sys.path.insert(0, request["folder"])
            runpy.run_module(name, run_name="__main__", alter_sys=True)
        else:
            sys.argv = [name, *arguments]
            sys.path.insert(0, os.path.dirname(name))
            runpy.run_path(name, run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code
        if isinstance(code, str):
            sys.stderr.write(f"{code}\n")
            code = 1
    except BaseException:
        traceback.print_exc()
    finally:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(code or 0))


if __name__ == "__main__":
    Server(socket.socket(fileno=int(sys.argv[1]))).serve()
