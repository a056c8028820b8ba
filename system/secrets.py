"""Secrets of the environment, kept from processes that do not need them.

A child process inherits the environment, and whatever runs in it can read it: a worker that decodes
photos, or the model that ServableCheck tries.
"""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping

OURS = "PET_MOOD_"
"""Beginning of the project's own variables, such as PET_MOOD_MYSQL_PASSWORD and PET_MOOD_TOKEN."""

_SECRET = re.compile(
    r"(^|_)(PASSWORDS?|PASSWD|PWD|PASS|SECRETS?|TOKENS?|CREDENTIALS?|API_?KEY|ACCESS_?KEY"
    r"|PRIVATE_?KEY|AUTH)(_|$)",
    re.IGNORECASE,
)
_NO_SECRETS = ("PWD", "OLDPWD")
"""The current folder and the one before it, in every shell."""

_kept: dict[str, str] = {}


def is_secret(name: str) -> bool:
    """Returns whether an environment variable of this name looks like a secret."""
    return name.startswith(OURS) or (name not in _NO_SECRETS and _SECRET.search(name) is not None)


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns the variables that do not look like secrets, for a process of strange code."""
    return {name: value for name, value in environment.items() if not is_secret(name)}


@contextlib.contextmanager
def kept_apart(*names: str) -> Iterator[None]:
    """Takes variables out of the environment for the block; ``value_of`` still knows them.

    Call it before libraries with threads of their own are loaded: they may read the environment
    at the same time.

    Args:
      *names: of variables, beside those that begin with ``OURS``.
    """
    taken = {
        name: os.environ.pop(name)
        for name in [*os.environ]
        if name.startswith(OURS) or name in names
    }
    before = {**_kept}
    _kept.update(taken)
    try:
        yield
    finally:
        _kept.clear()
        _kept.update(before)
        for name, value in taken.items():
            os.environ.setdefault(name, value)


def value_of(name: str) -> str | None:
    """Returns a variable's value, also if it is kept apart; None if there is none."""
    return os.environ.get(name, _kept.get(name))
