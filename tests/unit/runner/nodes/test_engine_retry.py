"""Which failures of a node are tried again, and when."""

from collections.abc import Iterator

import pytest

from pipeline.beam import BeamSettings
from runner.nodes.engine_retry import EngineRetry
from schemas.errors import ConfigError

DIED = RuntimeError("Pipeline j failed in state FAILED: CANCELLED: call already cancelled")
OURS = RuntimeError("Pipeline j failed in state FAILED: in sdk_worker.py\nKeyError: 'box'")
SETTINGS = BeamSettings(runner="portable", job_server="h:1")


class Engine:
    """An engine that does not answer some times, and what was said and waited."""

    def __init__(self, silent: int = 0) -> None:
        self.silent = silent
        self.said: list[str] = []
        self.waited = 0.0

    def check(self) -> str:
        if self.silent:
            self.silent -= 1
            raise ConfigError("no pool")
        return "it answers"

    def sleep(self, seconds: float) -> None:
        self.waited += seconds

    def retry(self, settings: BeamSettings = SETTINGS) -> EngineRetry:
        return EngineRetry(settings, self.check, self.said.append, self.sleep)


@pytest.fixture
def engine() -> Iterator[Engine]:
    yield Engine()


def test_a_dead_worker_is_tried_again_once_and_told(engine: Engine) -> None:
    retry = engine.retry()
    assert retry("StatisticsGen", DIED, 1)
    assert engine.said == [
        "StatisticsGen is started again. The engine did not finish a step's job: CANCELLED: call "
        "already cancelled. A worker, its pool or its machine has died: look at the pool's log "
        "and at its memory"
    ]
    assert not retry("StatisticsGen", DIED, 2)


def test_the_engine_is_waited_for() -> None:
    engine = Engine(silent=3)
    assert engine.retry()("PetExampleGen", DIED, 1)
    assert engine.waited == 4 * 5


def test_an_engine_that_does_not_come_back_is_told_with_both_causes() -> None:
    engine = Engine(silent=99)
    with pytest.raises(ConfigError, match=r"already cancelled.*does not come back: no pool") as got:
        engine.retry()("PetExampleGen", DIED, 1)
    assert got.value.__cause__ is DIED
    assert engine.waited == 120


@pytest.mark.parametrize("error", [OURS, RuntimeError("no GPU"), ConfigError("wrong")])
def test_what_would_fail_again_is_not_tried_again(engine: Engine, error: Exception) -> None:
    assert not engine.retry()("Trainer", error, 1)
    assert engine.said == [] and engine.waited == 0


def test_this_machine_and_no_retries_try_nothing_again(engine: Engine) -> None:
    assert not engine.retry(BeamSettings())("PetExampleGen", DIED, 1)
    assert not engine.retry(SETTINGS.replace(retries=0))("PetExampleGen", DIED, 1)
    assert engine.retry(SETTINGS.replace(retries=2))("PetExampleGen", DIED, 2)
