"""One call of the command, from the user's wishes to the exit code: puts the parts together.

TensorFlow takes seconds to load, so all that can be wrong without it is found before.
"""

import contextlib
import enum
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from client import screen
from client.answers import Row, Untold, json_line
from client.asking import BATCH, answer_all
from client.failures import ServerError
from client.model import Model
from client.pictures import find
from client.quiet import Streams, quiet
from client.source import Named, source_of
from dataset.boxes import BoxError, PixelBox, parse_box
from schemas.errors import ConfigError


class Exit(enum.IntEnum):
    """Exit codes of the command."""

    ALL_ANSWERED = 0
    NOT_ALL_ANSWERED = 1
    CONFIG = 2
    SERVER = 3


@dataclass(frozen=True)
class Request(Named):
    """What the command line said; the model's flags are those of ``client.source.Named``.

    Attributes:
      pictures: files and folders, at least one.
      batch: pictures asked at a time.
      box: "y,x,height,width" in pixels of every upright picture; None is the whole picture.
      json: whether a terminal gets JSON lines, too.
    """

    pictures: tuple[str, ...] = ()
    batch: int = BATCH
    box: str | None = None
    json: bool = False


def run(request: Request) -> int:
    """Answers the request on the standard output and returns the exit code."""
    try:
        return _answer(request)
    except ConfigError as error:
        sys.stderr.write(f"error: {error}\n")
        return Exit.CONFIG
    except ServerError as error:
        sys.stderr.write(f"error: {error}\n")
        return Exit.SERVER
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
    except BrokenPipeError:  # Whoever reads the lines has seen enough, as head has.
        pass
    return Exit.NOT_ALL_ANSWERED


def _answer(request: Request) -> Exit:
    box = _box(request.box)
    if request.batch < 1:
        raise ConfigError(f"--batch must be at least 1. Received: {request.batch}")
    source = source_of(request)
    names = find(request.pictures)
    with quiet() as streams:
        if source.note:
            # Rich would break a long path; the note can be copied whole.
            streams.err.write(f"Using {source.note}\n")
            streams.err.flush()
        with screen.at_work(streams.err, source.words):
            model = source.load()
        batches = answer_all(model, names, box, request.batch)
        return _tell(streams, model, names, batches, request.json)


def _box(text: str | None) -> PixelBox | None:
    if text is None:
        return None
    try:
        return parse_box(text)
    except BoxError as error:
        raise ConfigError(f"--box: {error}. Give it in pixels of the upright picture") from error


def _tell(
    streams: Streams, model: Model, names: list[str], batches: Iterator[list[Row]], lines: bool
) -> Exit:
    on_terminal = streams.out.isatty()
    done = failed = 0
    kept: list[Row] = []
    # A spinner would run into lines on the same terminal.
    tick = (
        contextlib.nullcontext(lambda words: None)
        if on_terminal and lines
        else screen.at_work(streams.err, f"{len(names)} pictures")
    )
    with tick as say:
        for rows in batches:
            done += len(rows)
            failed += sum(isinstance(row, Untold) for row in rows)
            if on_terminal and not lines:
                kept += rows
            else:
                streams.out.writelines(f"{json_line(row)}\n" for row in rows)
                streams.out.flush()
            say(f"{done} of {len(names)} pictures")
    if kept:
        screen.print_table(streams.out, kept, model.facts)
    return Exit.NOT_ALL_ANSWERED if failed else Exit.ALL_ANSWERED
