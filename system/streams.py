"""Redirection of descriptors 1 and 2, with access to the real standard output and error.

TensorFlow writes to descriptor 2 from C++, Beam logs, and other libraries warn or print. Only a
redirection of the descriptors themselves catches all of this.
"""

import contextlib
import ctypes
import io
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from typing import IO, NamedTuple, TextIO

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
"""TensorFlow's own variable, 0..3. If the user has set it, ``quiet`` sends the libraries' output to
the standard error. This is for the search of a crash in C++, after which ``quiet`` could not show
the output that it holds back."""


def escape_what_cannot_be_written() -> None:
    """Lets Python's standard output and error write any text, in whatever encoding they have.

    In ASCII (``PYTHONIOENCODING=ascii``) a mood's name or a file's would otherwise end a command
    after its work is done. Python does the same for the standard error by itself.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def write_utf8(text: str) -> None:
    """Writes a document to the standard output in UTF-8, whatever its encoding for people is."""
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:  # A notebook's output.
        sys.stdout.write(text)
        return
    sys.stdout.flush()
    buffer.write(text.encode("utf-8", "backslashreplace"))
    buffer.flush()


class Streams(NamedTuple):
    """The real standard output and standard error."""

    out: TextIO
    err: TextIO


@contextlib.contextmanager
def redirected(
    target: int | None, *, encoding: str = "utf-8", errors: str = "backslashreplace"
) -> Iterator[Streams]:
    """Redirects descriptors 1 and 2 to ``target``, and yields the real ones as text streams.

    Child processes inherit the redirection. It ends with the block, also after an error.

    Args:
      target: a descriptor; None stands for the real standard error.
      encoding: of the yielded streams.
      errors: treatment of characters that the encoding lacks, as for ``open``. Names of files
        that are not UTF-8 have lone surrogates; backslashreplace writes them like JSON.
    """
    _flush()
    real_out, real_err = os.dup(1), os.dup(2)
    target_or_error = real_err if target is None else target
    os.dup2(target_or_error, 1)
    os.dup2(target_or_error, 2)
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
    """Holds back the libraries' output, and shows it after an unexpected error.

    Args:
      *expected: types of errors whose message is sufficient.
    """
    expected_errors: tuple[type[BaseException], ...] = (*expected, BrokenPipeError)
    show_output = LOG_LEVEL in os.environ
    os.environ.setdefault(LOG_LEVEL, "3")
    with (
        tempfile.TemporaryFile() as held_back,
        redirected(None if show_output else held_back.fileno()) as streams,
        warnings.catch_warnings(),
    ):
        # Pillow warns of odd metadata and palettes; an unreadable photo becomes an error. The
        # filter is set here, once, because filters are common to all threads that read photos.
        warnings.simplefilter("ignore", UserWarning)
        try:
            yield streams
        except expected_errors:
            raise
        except Exception:
            _flush()
            streams.err.write(_text_of(held_back))
            raise


def _text_of(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    # Otherwise C's own buffers would be written after the descriptors have changed.
    ctypes.CDLL(None).fflush(None)
