"""Turns an exception into an exit code and a message for the user."""

import traceback
from typing import NamedTuple

from pipeline.engine.failures import engine_failure
from schemas.errors import ConfigError, DataRefusedError
from schemas.exit_codes import RunExit


class Failure(NamedTuple):
    """Why a run failed.

    Attributes:
      exit: the exit code.
      message: for the user.
      see_log: whether the traceback in the log says more than the message.
    """

    exit: RunExit
    message: str
    see_log: bool


STOPPED = Failure(
    RunExit.OTHER,
    "Stopped. Finished steps are kept: the same command continues after the last of them.",
    see_log=False,
)


def diagnose(error: BaseException) -> Failure:
    """Returns the failure that ``error`` stands for.

    Beam and TFX raise errors of their own because of ours, so the chain of causes is searched.
    The first cause of a known type decides.
    """
    visited: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in visited:
        visited.add(id(cause))
        if isinstance(cause, KeyboardInterrupt):
            return STOPPED
        if isinstance(cause, ConfigError):
            return Failure(RunExit.CONFIG, str(cause), see_log=False)
        if isinstance(cause, DataRefusedError):
            return Failure(RunExit.DATA_REFUSED, str(cause), see_log=False)
        cause = cause.__cause__ or cause.__context__

    if (engine := engine_failure(error)) is not None:
        return Failure(_exit_of(engine.cause), str(engine), see_log=True)
    last_line = traceback.format_exception_only(type(error), error)[-1].strip()
    return Failure(RunExit.OTHER, last_line, see_log=True)


def _exit_of(cause: str) -> RunExit:
    """Returns the exit code of an error whose class only its text tells."""
    name = cause.partition(":")[0].rpartition(".")[2]
    known = {
        ConfigError.__name__: RunExit.CONFIG,
        DataRefusedError.__name__: RunExit.DATA_REFUSED,
    }
    return known.get(name, RunExit.OTHER)
