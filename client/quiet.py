"""Keeps what libraries write to the standard streams away from the answers.

TensorFlow writes to descriptor 2 from C++, others warn or print: only the descriptors
themselves catch all of it. It is held back and shown if the program fails unexpectedly.
"""

import contextlib
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from typing import IO, NamedTuple, TextIO

from client.failures import ServerError
from schemas.errors import ConfigError

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
"""TensorFlow's own variable, 0..3. Where the user has set it, the noise is let through to the
standard error: that is how a crash in C++, which leaves no time to show it, is looked into."""


class Streams(NamedTuple):
    """The process' own standard output and standard error, UTF-8."""

    out: TextIO
    err: TextIO


@contextlib.contextmanager
def quiet() -> Iterator[Streams]:
    """Holds back what is written to descriptors 1 and 2, and yields the real ones."""
    wants_noise = LOG_LEVEL in os.environ
    os.environ.setdefault(LOG_LEVEL, "3")
    sys.stdout.flush()
    sys.stderr.flush()
    with (
        _doubled(1) as out,
        _doubled(2) as err,
        tempfile.TemporaryFile() as noise,
        _sent(1, err.fileno() if wants_noise else noise.fileno()),
        _sent(2, err.fileno() if wants_noise else noise.fileno()),
        warnings.catch_warnings(),
    ):
        # Pillow warns of odd metadata and palettes; what cannot be read becomes an error. Said
        # once and here, for the filters belong to all threads that read pictures.
        warnings.simplefilter("ignore", UserWarning)
        try:
            yield Streams(out, err)
        except (ConfigError, ServerError, BrokenPipeError):
            raise
        except Exception:
            err.write(_content(noise))
            raise


@contextlib.contextmanager
def _doubled(descriptor: int) -> Iterator[TextIO]:
    """Opens a copy of the descriptor as text.

    Names that are not UTF-8 come as lone surrogates, and backslashreplace writes these just as
    JSON does.
    """
    copy = os.dup(descriptor)
    with os.fdopen(copy, "w", encoding="utf-8", errors="backslashreplace") as stream:
        yield stream


@contextlib.contextmanager
def _sent(descriptor: int, target: int) -> Iterator[None]:
    """Lets the descriptor lead to ``target``, and back at the end."""
    saved = os.dup(descriptor)
    os.dup2(target, descriptor)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(saved, descriptor)
        os.close(saved)


def _content(noise: IO[bytes]) -> str:
    noise.seek(0)
    return noise.read().decode("utf-8", "replace")
