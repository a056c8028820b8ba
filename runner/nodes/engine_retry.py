"""Starts a data step again after a failure of its engine; data steps can be repeated."""

import logging
import time
from collections.abc import Callable
from typing import Protocol

from pipeline.beam import LOCAL, BeamSettings
from pipeline.engine.failures import engine_failure
from schemas.errors import ConfigError

_LOGGER = logging.getLogger("pet_mood.runner")
_PAUSE_SECONDS = 5
_PATIENCE_SECONDS = 120
"""How long an engine may take to come back: a pod that is started again needs some 30 s."""


class TriesAgain(Protocol):
    """Decides whether a node that has failed is started again."""

    def __call__(self, node: str, error: Exception, tries: int) -> bool:
        """Returns whether to start it again, once it makes sense to.

        Args:
          node: the node's id.
          error: what it raised.
          tries: how often it has been started.
        """


def never(node: str, error: Exception, tries: int) -> bool:
    """Leaves a failure a failure; see ``TriesAgain``."""
    return False


class EngineRetry:
    """Decides for ``runner.nodes.dag.DagRunner`` whether a failed node is started again."""

    def __init__(
        self,
        settings: BeamSettings,
        check: Callable[[], str],
        say: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Remembers how to ask the engine.

        Args:
          settings: which engine, and how often a node is started again.
          check: raises ConfigError as long as the engine cannot work.
          say: tells the user a sentence.
          sleep: waits so many seconds.
        """
        self._settings, self._check, self._say, self._sleep = settings, check, say, sleep

    def __call__(self, node: str, error: Exception, tries: int) -> bool:
        """Returns whether the engine failed, may be tried once more and answers again.

        Raises:
          ConfigError: the engine does not come back; its cause is the node's error.
        """
        if self._settings.runner == LOCAL or tries > self._settings.retries:
            return False
        failure = engine_failure(error)
        if failure is None or failure.ours:
            return False
        self._say(f"{node} is started again. {failure}")
        waited = 0
        while True:
            self._sleep(_PAUSE_SECONDS)
            waited += _PAUSE_SECONDS
            try:
                _LOGGER.info("the engine answers again: %s", self._check())
                return True
            except ConfigError as unfit:
                if waited >= _PATIENCE_SECONDS:
                    raise ConfigError(
                        f"{failure}. The engine does not come back: {unfit}"
                    ) from error
                _LOGGER.info("the engine does not answer yet: %s", unfit)
