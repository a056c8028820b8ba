"""Beam's worker pool can be reached from this machine only."""

import socket

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
