"""Beam's worker pool, which only this machine can reach.

    python -m pipeline.beam_worker_pool --port 50000

It is ``apache_beam.runners.worker.worker_pool_main`` of Beam 2.65 but for the address: Beam's own
listens on every interface of the machine, without TLS and without a login, and starts what it is
sent, so that whoever reaches the port runs commands as this user. With Beam's own ``--host`` one
day, this module can go.
"""

import argparse
import atexit
import sys
import time

import grpc
from apache_beam.portability.api import beam_fn_api_pb2_grpc
from apache_beam.runners.worker import worker_pool_main
from apache_beam.utils import thread_pool_executor

LOOPBACK = "127.0.0.1"
_OPTIONS = (("grpc.http2.max_pings_without_data", 0), ("grpc.http2.max_ping_strikes", 0))
"""Those of Beam's pool."""
_DAY = 24 * 3600
"""Seconds."""


def start(port: int) -> grpc.Server:
    """Starts the pool; its workers end with this program.

    Args:
      port: on ``LOOPBACK``.

    Raises:
      RuntimeError: the port is taken.
    """
    server = grpc.server(thread_pool_executor.shared_unbounded_instance(), options=_OPTIONS)
    server.add_insecure_port(f"{LOOPBACK}:{port}")
    pool = worker_pool_main.BeamFnExternalWorkerPoolServicer(use_process=True)
    beam_fn_api_pb2_grpc.add_BeamFnExternalWorkerPoolServicer_to_server(pool, server)
    server.start()
    atexit.register(_stop_workers, pool)
    return server


def _stop_workers(pool: worker_pool_main.BeamFnExternalWorkerPoolServicer) -> None:
    for process in pool._worker_processes.values():
        worker_pool_main.kill_process_gracefully(process)


def main() -> None:
    """Runs the pool until Ctrl-C."""
    parser = argparse.ArgumentParser(description="Beam's worker pool, for this machine only.")
    parser.add_argument("--port", type=int, required=True, metavar="N", help="port of the pool")
    port = parser.parse_args().port
    server = start(port)
    sys.stderr.write(f"Beam's worker pool listens on {LOOPBACK}:{port}\n")
    try:
        while True:
            time.sleep(_DAY)
    except KeyboardInterrupt:
        server.stop(0)


if __name__ == "__main__":
    main()
