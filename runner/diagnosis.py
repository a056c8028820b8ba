"""Turns an exception into an exit code and a message for the user."""

import traceback
from typing import NamedTuple

from pipeline.engine.failures import engine_failure
from schemas.errors import ConfigError, DataRefusedError, causes
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
    for cause in causes(error):
        if isinstance(cause, KeyboardInterrupt):
            return STOPPED
        if isinstance(cause, ConfigError):
            return Failure(RunExit.CONFIG, str(cause), see_log=False)
        if isinstance(cause, DataRefusedError):
            return Failure(RunExit.DATA_REFUSED, str(cause), see_log=False)

    if (engine := engine_failure(error)) is not None:
        return Failure(engine.exit, str(engine), see_log=True)
    last_line = traceback.format_exception_only(type(error), error)[-1].strip()
    return Failure(RunExit.OTHER, last_line, see_log=True)
