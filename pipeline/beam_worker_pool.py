"""Beam's worker pool, which only this machine can reach.

    python -m pipeline.beam_worker_pool --port 50000

It is ``apache_beam.runners.worker.worker_pool_main`` of Beam 2.65 but for three things:

- Beam's own listens on every interface of the machine, without TLS and without a login, and starts
  what it is sent, so that whoever reaches the port runs commands as this user.
- Beam's own starts a worker with the first ``python`` of its PATH. With another environment's the
  worker dies at its first import, and the engine waits without end.
- Two of Flink's TaskManagers name their workers alike, and tell the pool to stop a worker by its
  name: with Beam's own, the end of one kills the other's worker.

With Beam's own ``--host`` one day, and names of its own for each worker, this module can go.
"""

import argparse
import atexit
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import grpc
from apache_beam.portability.api import beam_fn_api_pb2, beam_fn_api_pb2_grpc
from apache_beam.runners.worker import worker_pool_main
from apache_beam.utils import thread_pool_executor

LOOPBACK = "127.0.0.1"
_OPTIONS = (("grpc.http2.max_pings_without_data", 0), ("grpc.http2.max_ping_strikes", 0))
"""Those of Beam's pool."""
_DAY = 24 * 3600
"""Seconds."""


class Pool(worker_pool_main.BeamFnExternalWorkerPoolServicer):
    """Starts workers as processes, and stops those whose name is theirs alone."""

    def __init__(self) -> None:
        super().__init__(use_process=True)
        self._namesakes: dict[str, list[subprocess.Popen[bytes]]] = {}
        self._lock = threading.Lock()

    def StartWorker(self, start_worker_request: Any, unused_context: Any) -> Any:  # noqa: N802
        """Starts a worker; see Beam's."""
        name = start_worker_request.worker_id
        with self._lock:
            earlier = self._worker_processes.get(name)
            response = super().StartWorker(start_worker_request, unused_context)
            if earlier is not None and earlier is not self._worker_processes.get(name):
                self._namesakes.setdefault(name, []).append(earlier)
        return response

    def StopWorker(self, stop_worker_request: Any, unused_context: Any) -> Any:  # noqa: N802
        """Stops a worker, unless another one that is alive has its name.

        The request does not say which of them is meant. Each ends by itself when its engine closes
        the connection to it.
        """
        name = stop_worker_request.worker_id
        with self._lock:
            alive = [one for one in self._namesakes.pop(name, []) if one.poll() is None]
            if alive:
                self._namesakes[name] = alive
                newest = self._worker_processes.get(name)
                if newest is not None and newest.poll() is None:
                    return beam_fn_api_pb2.StopWorkerResponse()
                # The one that is left must be found by the next request.
                self._worker_processes[name] = alive.pop()
                return beam_fn_api_pb2.StopWorkerResponse()
        return super().StopWorker(stop_worker_request, unused_context)

    def stop_all(self) -> None:
        """Stops every worker."""
        groups = [list(self._worker_processes.values()), *self._namesakes.values()]
        for process in (one for group in groups for one in group):
            worker_pool_main.kill_process_gracefully(process)


def start(port: int) -> grpc.Server:
    """Starts the pool; its workers end with this program.

    Args:
      port: on ``LOOPBACK``.

    Raises:
      RuntimeError: the port is taken.
    """
    # Beam's command for a worker is plain "python".
    own = Path(sys.executable).parent
    if (own / "python").exists():
        os.environ["PATH"] = f"{own}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    server = grpc.server(thread_pool_executor.shared_unbounded_instance(), options=_OPTIONS)
    server.add_insecure_port(f"{LOOPBACK}:{port}")
    pool = Pool()
    beam_fn_api_pb2_grpc.add_BeamFnExternalWorkerPoolServicer_to_server(pool, server)
    server.start()
    atexit.register(pool.stop_all)
    return server


def main() -> None:
    """Runs the pool until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(description="Beam's worker pool, for this machine only.")
    parser.add_argument("--port", type=int, required=True, metavar="N", help="port of the pool")
    port = parser.parse_args().port
    server = start(port)
    # A container is stopped by SIGTERM, at which Python would leave the workers behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.stderr.write(f"Beam's worker pool listens on {LOOPBACK}:{port}\n")
    try:
        while True:
            time.sleep(_DAY)
    except KeyboardInterrupt:
        server.stop(0)


if __name__ == "__main__":
    main()
