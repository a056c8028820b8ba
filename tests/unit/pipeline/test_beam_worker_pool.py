"""Beam's worker pool can be reached from this machine only."""

import shutil
import socket
import sys
from pathlib import Path

import grpc
import psutil
import pytest
from apache_beam.portability.api import beam_fn_api_pb2, beam_fn_api_pb2_grpc
from apache_beam.runners.worker import worker_pool_main

from pipeline import beam_worker_pool


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def addresses(port: int) -> set[str]:
    """Returns the addresses on which this process listens at a port."""
    return {
        each.laddr.ip.removeprefix("::ffff:")  # An IPv6 socket, for an IPv4 address.
        for each in psutil.Process().net_connections("tcp")
        if each.status == psutil.CONN_LISTEN and each.laddr.port == port
    }


def test_it_listens_on_this_machine_alone_and_answers() -> None:
    port = free_port()
    server = beam_worker_pool.start(port)
    try:
        assert addresses(port) == {"127.0.0.1"}
        with grpc.insecure_channel(f"localhost:{port}") as channel:
            stub = beam_fn_api_pb2_grpc.BeamFnExternalWorkerPoolStub(channel)
            request = beam_fn_api_pb2.StopWorkerRequest(worker_id="nobody")
            assert stub.StopWorker(request, timeout=20).error == ""
    finally:
        server.stop(0)


def test_beams_own_pool_listens_on_all_addresses() -> None:
    """When this fails, ``pipeline.beam_worker_pool`` may have become superfluous."""
    address, server = worker_pool_main.BeamFnExternalWorkerPoolServicer.start(use_process=True)
    try:
        assert addresses(int(address.rpartition(":")[2])) & {"::", "0.0.0.0"}
    finally:
        server.stop(0)


def test_a_port_that_is_taken_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(RuntimeError):
        beam_worker_pool.start(taken.getsockname()[1])


@pytest.mark.slow
def test_a_worker_is_not_stopped_in_place_of_its_namesake() -> None:
    """Two TaskManagers that share a pool name their workers alike."""
    pool = beam_worker_pool.Pool()
    request = beam_fn_api_pb2.StartWorkerRequest(worker_id="1-1")
    request.control_endpoint.url = "localhost:1"
    stop = beam_fn_api_pb2.StopWorkerRequest(worker_id="1-1")
    try:
        pool.StartWorker(request, None)
        first = pool._worker_processes["1-1"]
        pool.StartWorker(request, None)
        second = pool._worker_processes["1-1"]
        pool.StopWorker(stop, None)
        assert first.poll() is None and second.poll() is None
        # Its engine has left it, and the name is the other one's alone again.
        second.kill()
        second.wait()
        pool.StopWorker(stop, None)
        pool.StopWorker(stop, None)
        assert first.poll() is not None
    finally:
        pool.stop_all()


def test_workers_are_started_with_the_pools_own_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    beam_worker_pool.start(free_port()).stop(0)
    assert shutil.which("python") == str(Path(sys.executable).parent / "python")
