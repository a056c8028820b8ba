"""Ends a task once where its settings or its data are the cause, and not as often as others.

Kubeflow and Vertex AI start a failed task again whatever its exit code was, as they should after a
lost machine. A wrong setting would be met again, after all that the task does before it. So the
attempt that meets it leaves its cause beside the task's outputs, and each further one ends with it
at once. The last that the cluster makes removes it: whoever mends the cause and starts the run
again gets a new attempt.
"""

import contextlib
import json
import logging
import os
import posixpath
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

from pipeline.container.task import Task
from pipeline.engine.failures import engine_failure
from schemas.documents.refusal import Refusal
from schemas.errors import ConfigError, DataRefusedError, causes
from schemas.exit_codes import RunExit
from system import storage
from system.printable import error_line

_LOGGER = logging.getLogger(__name__)
RETRIES = "PET_MOOD_RETRIES"
"""Variable of the environment: how often the cluster starts a failed task again."""
FILE = ".pet-mood-refused.json"
_AGAIN = (
    ". An earlier attempt of this task has ended with it, and nothing was tried again. Start the "
    "run again once it is mended"
)


class FinalCause(NamedTuple):
    """A cause that another attempt would meet again: its exit code and message."""

    exit: RunExit
    message: str


def final_cause(error: BaseException) -> FinalCause | None:
    """Returns the wrong setting or refused data that an error stands for; None if for none."""
    for cause in causes(error):
        if isinstance(cause, ConfigError):
            return FinalCause(RunExit.CONFIG, str(cause))
        if isinstance(cause, DataRefusedError):
            return FinalCause(RunExit.DATA_REFUSED, str(cause))
    engine = engine_failure(error)
    if engine is None or engine.exit == RunExit.OTHER:
        return None
    return FinalCause(engine.exit, str(engine))


@contextlib.contextmanager
def ends_once(task: Task) -> Iterator[None]:
    """Runs the block, unless an earlier attempt has left a final cause; leaves one if it has one.

    A bucket that cannot be written has no place for it, and is asked again by each attempt.

    Raises:
      ConfigError: that cause, or the block's.
      DataRefusedError: likewise.
    """
    retries, folder = int(os.environ.get(RETRIES, 0)), task.folder
    if not retries or not folder:
        yield
        return
    place = posixpath.join(folder, FILE)
    if (kept := _kept(place)) is not None:
        _count(place, kept)
        kind = DataRefusedError if kept["exit"] == RunExit.DATA_REFUSED else ConfigError
        raise kind(kept["message"].rstrip(".") + _AGAIN)
    try:
        yield
    except Exception as error:
        if (final := final_cause(error)) is not None:
            _write(place, {"exit": final.exit, "message": final.message, "left": retries})
        raise


def ended_by_cause(do: Callable[[], None]) -> None:
    """Does it; a final cause ends this process with its exit code and one message."""
    try:
        do()
    except Exception as error:
        if (final := final_cause(error)) is None:
            raise
        logging.getLogger().debug("refused", exc_info=error)
        sys.stderr.write(error_line(final.message))
        sys.stderr.flush()
        # A library that still waits for a server would hold the process.
        os._exit(final.exit)


def _kept(place: str) -> Refusal | None:
    try:
        kept: Refusal = json.loads(storage.read_bytes(place))
    except FileNotFoundError:
        return None
    # The check of the buckets says what is wrong with them.
    except (OSError, ValueError) as error:
        _LOGGER.warning("%s cannot be read: %s", place, error)
        return None
    return kept


def _count(place: str, kept: Refusal) -> None:
    """Counts this attempt; the last one removes the cause."""
    if kept["left"] > 1:
        _write(place, {**kept, "left": kept["left"] - 1})
        return
    with contextlib.suppress(OSError):
        storage.remove(place)


def _write(place: str, refusal: Refusal) -> None:
    try:
        storage.make_folder(posixpath.dirname(place))
        storage.write_whole(place, json.dumps(refusal, ensure_ascii=False))
    except (OSError, ConfigError) as error:
        _LOGGER.warning("%s cannot be written: %s", place, error)
