"""What an exception means to the user: the exit code and the words."""

import traceback
from typing import NamedTuple

from schemas.errors import ConfigError, DataRefusedError
from schemas.exit_codes import RunExit


class Failure(NamedTuple):
    """``message`` says all; ``see_log`` where the traceback in the log says more."""

    exit: RunExit
    message: str
    see_log: bool


STOPPED = Failure(
    RunExit.OTHER,
    "Stopped. What is finished is kept: the same command goes on from there.",
    see_log=False,
)


def diagnose(error: BaseException) -> Failure:
    """Returns what ``error`` means; the first of its causes that we know decides.

    Beam and TFX raise their own errors from ours, so the chain of causes is searched.
    """
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        if isinstance(link, KeyboardInterrupt):
            return STOPPED
        if isinstance(link, ConfigError):
            return Failure(RunExit.CONFIG, str(link), see_log=False)
        if isinstance(link, DataRefusedError):
            return Failure(RunExit.DATA_REFUSED, str(link), see_log=False)
        link = link.__cause__ or link.__context__
    last = traceback.format_exception_only(type(error), error)[-1].strip()
    return Failure(RunExit.OTHER, last, see_log=True)
