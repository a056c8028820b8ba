"""Exit codes and messages of exceptions."""

import pytest

from runner.diagnosis import STOPPED, diagnose
from schemas.errors import ConfigError, DataRefusedError
from schemas.exit_codes import RunExit


def wrapped(cause: BaseException, explicitly: bool) -> BaseException:
    """Returns a RuntimeError raised from ``cause``, or merely while handling it."""
    try:
        try:
            raise cause
        except BaseException as error:
            if explicitly:
                raise RuntimeError("wrapped") from error
            raise RuntimeError("wrapped")  # noqa: B904
    except RuntimeError as error:
        return error


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (ConfigError("no such file"), RunExit.CONFIG, "no such file"),
        (DataRefusedError("no row"), RunExit.DATA_REFUSED, "no row"),
        (KeyboardInterrupt(), RunExit.OTHER, STOPPED.message),
    ],
)
def test_known_errors_are_reported_without_a_traceback(
    error: BaseException, code: RunExit, message: str
) -> None:
    for shape in (error, wrapped(error, explicitly=True), wrapped(error, explicitly=False)):
        failure = diagnose(shape)
        assert (failure.exit, failure.message, failure.see_log) == (code, message, False)


def test_other_errors_are_reported_by_their_last_line_and_the_log() -> None:
    failure = diagnose(ZeroDivisionError("division by zero"))
    assert failure.exit == RunExit.OTHER
    assert failure.message == "ZeroDivisionError: division by zero"
    assert failure.see_log


def test_a_value_error_is_no_config_error() -> None:
    assert diagnose(ValueError("x")).exit == RunExit.OTHER


def test_a_chain_that_bites_its_tail_ends() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    assert diagnose(first).message == "ValueError: first"


def test_the_exit_codes_are_those_of_the_readme() -> None:
    assert {code.name: code.value for code in RunExit} == {
        "PUSHED": 0,
        "OTHER": 1,
        "CONFIG": 2,
        "DATA_REFUSED": 3,
        "NOT_BLESSED": 4,
    }
