"""Exit codes and words of exceptions."""

import pytest

from runner.failures import STOPPED, Exit, diagnose
from schemas.errors import ConfigError, DataRefusedError


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
        (ConfigError("no such file"), Exit.CONFIG, "no such file"),
        (DataRefusedError("no row"), Exit.DATA_REFUSED, "no row"),
        (KeyboardInterrupt(), Exit.OTHER, STOPPED.message),
    ],
)
def test_what_we_know_is_told_without_a_traceback(
    error: BaseException, code: Exit, message: str
) -> None:
    for shape in (error, wrapped(error, explicitly=True), wrapped(error, explicitly=False)):
        failure = diagnose(shape)
        assert (failure.exit, failure.message, failure.see_log) == (code, message, False)


def test_other_errors_are_told_by_their_last_line_and_the_log() -> None:
    failure = diagnose(ZeroDivisionError("division by zero"))
    assert failure.exit == Exit.OTHER
    assert failure.message == "ZeroDivisionError: division by zero"
    assert failure.see_log


def test_a_value_error_is_no_config_error() -> None:
    assert diagnose(ValueError("x")).exit == Exit.OTHER


def test_a_chain_that_bites_its_tail_ends() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    assert diagnose(first).message == "ValueError: first"


def test_the_exit_codes_are_those_of_the_readme() -> None:
    assert {code.name: code.value for code in Exit} == {
        "PUSHED": 0,
        "OTHER": 1,
        "CONFIG": 2,
        "DATA_REFUSED": 3,
        "NOT_BLESSED": 4,
    }
