"""Tells a failure of the engine from an error of our own code on it, and both by their cause.

What the engine raises here is a RuntimeError with the text of its log, in Python or Java, or an
error of gRPC. The texts are those of Beam 2.65 and Flink 1.18.
"""

import re
from typing import NamedTuple

from schemas.errors import ConfigError, DataRefusedError, causes
from schemas.exit_codes import RunExit

_JOB_FAILED = re.compile(r"Pipeline \S+ failed in state [A-Z]+: (?P<cause>.*)", re.DOTALL)
"""apache_beam/runners/portability/portable_runner.py."""
_IN_WORKER = "sdk_worker.py"
"""A traceback through this file comes from a worker, so from code of ours."""
_PYTHON_ERROR = re.compile(
    r"^(?!(?:java|javax|org|io|com)\.)[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt)\b(?::.*)?$",
    re.MULTILINE,
)
_GRPC_DETAILS = re.compile(r'details = "(?P<details>[^"]*)"')
_JAVA_CAUSE = re.compile(r"^Caused by: (?P<cause>.+)$", re.MULTILINE)
_CONNECTION = re.compile(
    r"_InactiveRpcError|_MultiThreadedRendezvous|StatusCode\.|Channel closed prematurely"
)
"""A worker's errors that mean that the engine has left it."""
_EXITS = {
    ConfigError.__name__: RunExit.CONFIG,
    DataRefusedError.__name__: RunExit.DATA_REFUSED,
}
_MAX_CAUSE = 300
"""Characters."""
_HINTS = (
    (
        r"NoResourceAvailable|acquire the minimum required resources",
        "The cluster had too few free slots: start TaskManagers or lower beam.parallelism",
    ),
    (
        r"Insufficient number of network buffers",
        "Raise taskmanager.memory.network.max (deploy/flink/flink-conf.yaml has sizes that work)",
    ),
    (
        r"Metaspace",
        "Put the job server's jar on the cluster's class path, and raise "
        "taskmanager.memory.jvm-metaspace.size (deploy/flink)",
    ),
    (
        r"Direct buffer memory|OutOfDirectMemory",
        "Raise taskmanager.memory.task.off-heap.size (deploy/flink/flink-conf.yaml)",
    ),
    (
        r"UNAVAILABLE|[Cc]onnection refused|failed to connect",
        "Nothing answered at the worker pool's or the engine's address: look whether each of the "
        "engine's workers has its worker pool",
    ),
    (
        r"CANCELLED|call already cancelled|disconnected|[Hh]eartbeat|no longer reachable|"
        r"Channel closed|Connection reset|lost its connection",
        "A worker, its pool or its machine has died: look at the pool's log and at its memory",
    ),
)


class EngineFailure(NamedTuple):
    """Why an engine did not end a job well.

    Attributes:
      cause: in the engine's own words, the innermost cause.
      hint: what to look at, or "".
      ours: whether our code raised it in a worker, so that it would do so again.
    """

    cause: str
    hint: str
    ours: bool

    @property
    def exit(self) -> RunExit:
        """The exit code of a run that ends with it; only a text tells what a worker raised."""
        return _EXITS.get(self.cause.partition(":")[0].rpartition(".")[2], RunExit.OTHER)

    def __str__(self) -> str:
        """Returns a message for the user."""
        who = (
            "A step's code raised an error in the engine's worker"
            if self.ours
            else ("The engine did not finish a step's job")
        )
        return ". ".join(part for part in (f"{who}: {self.cause}", self.hint) if part)


def engine_failure(error: BaseException) -> EngineFailure | None:
    """Returns the engine's failure that an error stands for; None if it stands for none."""
    for cause in causes(error):
        found = _JOB_FAILED.search(str(cause)) if isinstance(cause, RuntimeError) else None
        if found:
            return _of_text(found["cause"])
        # Such as a job server that has gone. Their classes are gRPC's private ones.
        if type(cause).__module__.partition(".")[0] == "grpc":
            return _of_text(str(cause) or type(cause).__name__)
    return None


def failure_of(error: BaseException) -> EngineFailure:
    """Returns what an error stands for that is known to have come from the engine."""
    other = EngineFailure(f"{type(error).__name__}: {_one_line(str(error))}", "", False)
    return engine_failure(error) or other


def _of_text(text: str) -> EngineFailure:
    cause = _innermost(text)
    ours = _IN_WORKER in text and not _CONNECTION.search(cause)
    if (details := _GRPC_DETAILS.findall(text)) and not ours:
        cause = details[-1]
    hints = () if ours else _HINTS
    hint = next((hint for pattern, hint in hints if re.search(pattern, text)), "")
    return EngineFailure(_one_line(cause), hint, ours)


def _innermost(text: str) -> str:
    """Returns the line that says what happened first."""
    if python := _PYTHON_ERROR.findall(text):
        return python[-1]
    if java := _JAVA_CAUSE.findall(text):
        return java[-1]
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[0] if lines else "unknown error"


def _one_line(text: str) -> str:
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= _MAX_CAUSE else f"{line[:_MAX_CAUSE]}…"
