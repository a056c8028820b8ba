"""Causes in the texts that Beam's job services give: those of Python's were copied from its log."""

import grpc
import pytest

from pipeline.engine.failures import engine_failure, failure_of
from runner.diagnosis import diagnose
from schemas.exit_codes import RunExit

IN_WORKER = """Error running pipeline.
Traceback (most recent call last):
  File "apache_beam/runners/portability/local_job_service.py", line 294, in _run_job
    self.result = self._invoke_runner()
RuntimeError: Traceback (most recent call last):
  File "apache_beam/runners/worker/sdk_worker.py", line 313, in _execute
    response = task()
{}: {}

"""
NO_POOL = """Error running pipeline.
Traceback (most recent call last):
  File "apache_beam/runners/portability/fn_api_runner/worker_handlers.py", line 626, in start_worker
    response = stub.StartWorker(
grpc._channel._InactiveRpcError: <_InactiveRpcError of RPC that terminated with:
\tstatus = StatusCode.UNAVAILABLE
\tdetails = "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:5: refused"
>
"""
JAVA_WORKER = """java.lang.RuntimeException: Error received from SDK harness for instruction 4: \
Traceback (most recent call last):
  File "apache_beam/runners/worker/sdk_worker.py", line 313, in _execute
    response = task()
schemas.errors.DataRefusedError: no rows [while running 'WriteShard']

\tat org.apache.beam.runners.fnexecution.control.FnApiControlClient(FnApiControlClient.java:182)
Caused by: java.lang.RuntimeException: Error received from SDK harness for instruction 4
\tat java.base/java.lang.Thread.run(Thread.java:840)
"""
JAVA = """org.apache.flink.runtime.JobException: Recovery is suppressed by FixedDelayRestart
\tat org.apache.flink.runtime.executiongraph.failover.flip1.ExecutionFailureHandler.handleFailure
Caused by: java.lang.IllegalStateException: {}
\tat java.base/java.lang.Thread.run(Thread.java:840)
"""


def failed(text: str) -> RuntimeError:
    return RuntimeError(f"Pipeline job-1 failed in state FAILED: {text}")


@pytest.mark.parametrize(
    ("text", "cause", "hint", "ours"),
    [
        (IN_WORKER.format("KeyError", "'box'"), "KeyError: 'box'", "", True),
        (JAVA_WORKER, "schemas.errors.DataRefusedError: no rows [while running", "", True),
        (NO_POOL, "failed to connect to all addresses", "worker pool", False),
        ("CANCELLED: call already cancelled", "CANCELLED: call already", "has died", False),
        (
            IN_WORKER.format("RuntimeError", "Channel closed prematurely."),
            "RuntimeError: Channel closed",
            "has died",
            False,
        ),
        (JAVA.format("Insufficient number of network buffers"), "java.lang", "network.max", False),
        (JAVA.format("java.lang.OutOfMemoryError: Metaspace"), "java.lang", "metaspace", False),
        (JAVA.format("Direct buffer memory"), "java.lang.Illegal", "off-heap", False),
        (JAVA.format("NoResourceAvailableException"), "java.lang", "beam.parallelism", False),
        ("TaskManager with id 3 is no longer reachable.", "TaskManager with id 3", "died", False),
        ("", "unknown error", "", False),
        ("unknown error", "unknown error", "", False),
    ],
)
def test_a_failed_job_is_told_by_its_innermost_cause(
    text: str, cause: str, hint: str, ours: bool
) -> None:
    failure = engine_failure(failed(text))
    assert failure is not None
    assert failure.cause.startswith(cause)
    assert hint in failure.hint and bool(hint) == bool(failure.hint)
    assert failure.ours is ours


def test_a_job_server_that_has_gone_is_a_failure_of_the_engine() -> None:
    with grpc.insecure_channel("127.0.0.1:1") as channel:
        call = channel.unary_unary("/a/b")
        with pytest.raises(grpc.RpcError) as caught:
            call(b"", timeout=5)
    failure = engine_failure(caught.value)
    assert failure is not None and not failure.ours
    assert "Connection refused" in failure.cause


def test_other_errors_are_none_of_the_engines() -> None:
    assert engine_failure(RuntimeError("no GPU")) is None
    assert engine_failure(ValueError("Pipeline x failed in state FAILED: y")) is None
    assert failure_of(ValueError("odd")).cause == "ValueError: odd"


def test_the_cause_of_a_cause_is_found_and_a_circle_ends() -> None:
    outer, inner = ValueError("outer"), failed("CANCELLED: call already cancelled")
    outer.__cause__, inner.__cause__ = inner, outer
    assert engine_failure(outer) == engine_failure(inner)
    first, second = ValueError("1"), ValueError("2")
    first.__cause__, second.__cause__ = second, first
    assert engine_failure(first) is None


@pytest.mark.parametrize(
    ("text", "exit_code"),
    [
        (JAVA_WORKER, RunExit.DATA_REFUSED),
        (IN_WORKER.format("schemas.errors.ConfigError", "no"), RunExit.CONFIG),
        (IN_WORKER.format("KeyError", "'box'"), RunExit.OTHER),
        (NO_POOL, RunExit.OTHER),
    ],
)
def test_a_run_ends_as_its_cause_does(text: str, exit_code: RunExit) -> None:
    failure = diagnose(failed(text))
    assert failure.exit is exit_code
    assert "\n" not in failure.message and len(failure.message) < 600
