"""The process' own standard streams, while descriptors 1 and 2 lead elsewhere.

TensorFlow writes to descriptor 2 from C++, Beam logs, others warn or print: only the descriptors
themselves catch all of it.
"""

import contextlib
import ctypes
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from typing import IO, NamedTuple, TextIO

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
"""TensorFlow's own variable, 0..3. Where the user has set it, ``quiet`` lets the noise through to
the standard error: that is how a crash in C++, which leaves no time to show it, is looked into."""


class Streams(NamedTuple):
    """The standard output and standard error as they were before."""

    out: TextIO
    err: TextIO


@contextlib.contextmanager
def redirected(
    target: int | None, *, encoding: str = "utf-8", errors: str = "backslashreplace"
) -> Iterator[Streams]:
    """Lets descriptors 1 and 2 lead to another, and yields the real ones as text.

    Child processes inherit this. All is put back at the end, whatever happens within.

    Args:
      target: a descriptor; None is the real standard error, for both.
      encoding: of the text.
      errors: what is done about signs that the encoding lacks, as for ``open``. Names of files
        that are not UTF-8 have lone surrogates, and backslashreplace writes these as JSON does.
    """
    _flush()
    real_out, real_err = os.dup(1), os.dup(2)
    lead_to = real_err if target is None else target
    os.dup2(lead_to, 1)
    os.dup2(lead_to, 2)
    try:
        with (
            open(real_out, "w", encoding=encoding, errors=errors, closefd=False) as out,
            open(real_err, "w", encoding=encoding, errors=errors, closefd=False) as err,
        ):
            yield Streams(out, err)
    finally:
        _flush()
        os.dup2(real_out, 1)
        os.dup2(real_err, 2)
        os.close(real_out)
        os.close(real_err)


@contextlib.contextmanager
def quiet(*expected: type[BaseException]) -> Iterator[Streams]:
    """Holds back what libraries write, and shows it if the program fails unexpectedly.

    Args:
      *expected: errors that say all themselves.
    """
    passed_on: tuple[type[BaseException], ...] = (*expected, BrokenPipeError)
    wants_noise = LOG_LEVEL in os.environ
    os.environ.setdefault(LOG_LEVEL, "3")
    with (
        tempfile.TemporaryFile() as noise,
        redirected(None if wants_noise else noise.fileno()) as streams,
        warnings.catch_warnings(),
    ):
        # Pillow warns of odd metadata and palettes; what cannot be read becomes an error. Said
        # once and here, for the filters belong to all threads that read pictures.
        warnings.simplefilter("ignore", UserWarning)
        try:
            yield streams
        except passed_on:
            raise
        except Exception:
            _flush()
            streams.err.write(_content(noise))
            raise


def _content(noise: IO[bytes]) -> str:
    noise.seek(0)
    return noise.read().decode("utf-8", "replace")


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    # C's own buffers would otherwise come out after the descriptors have changed.
    ctypes.CDLL(None).fflush(None)
