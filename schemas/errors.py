"""Errors of the user's settings and data, as opposed to faults of the program."""

from collections.abc import Iterator


class ConfigError(ValueError):
    """A setting or an environment that cannot work: the run stops before it starts.

    The message has the rule, the received value and the remedy.
    """


class DataRefusedError(ValueError):
    """Data that must not be used for training: the run stops before training.

    The message names the broken rule, the data that break it, and the file with the details.
    """


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yields an error, and then each one that it was raised because of or after."""
    visited: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in visited:
        visited.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__
