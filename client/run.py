"""One call of the command, from the user's wishes to the exit code: puts the parts together.

TensorFlow takes seconds to load, so all that can be wrong without it is found before.
"""

import contextlib
import enum
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

from client import screen
from client.backends.errors import ServerError
from client.backends.model import Model
from client.backends.source import Named, Source, source_of
from client.batch import labelling
from client.predict.folders import find
from client.predict.inputs import of_pictures
from client.predict.predict import BATCH, answer_all
from client.predict.predictions import Row, Untold, json_line
from dataset.boxes import BoxError, parse_box
from schemas.errors import ConfigError
from system.streams import Streams, quiet


class Exit(enum.IntEnum):
    """Exit codes of the command."""

    ALL_ANSWERED = 0
    NOT_ALL_ANSWERED = 1
    CONFIG = 2
    SERVER = 3


@dataclass(frozen=True)
class Request(Named):
    """What the command line said; the model's flags are those of ``client.backends.source.Named``.

    Attributes:
      pictures: files and folders, at least one unless there is a ``csv``.
      batch: pictures asked at a time.
      box: "y,x,height,width" in pixels of every upright picture; None is the whole picture.
      json: whether a terminal gets JSON lines, too.
      csv: a table that names the pictures; see ``client.predict.inputs``.
      out: where the answers are written in place of the standard output, see
        ``client.batch.batch``.
    """

    pictures: tuple[str, ...] = ()
    batch: int = BATCH
    box: str | None = None
    json: bool = False
    csv: Path | None = None
    out: Path | None = None


def run(request: Request) -> int:
    """Answers the request and returns the exit code."""
    try:
        return told(lambda: _answer(request))
    except KeyboardInterrupt:
        goes_on = " The same command goes on from here." if request.out else ""
        sys.stderr.write(f"\nStopped.{goes_on}\n")
    except BrokenPipeError:  # Whoever reads the lines has seen enough, as head has.
        pass
    return Exit.NOT_ALL_ANSWERED


def told(work: Callable[[], Exit]) -> Exit:
    """Returns how the work ends; wrong settings and a server's failure are told in a line."""
    try:
        return work()
    except ConfigError as error:
        sys.stderr.write(f"error: {error}\n")
        return Exit.CONFIG
    except ServerError as error:
        sys.stderr.write(f"error: {error}\n")
        return Exit.SERVER


def _answer(request: Request) -> Exit:
    _check(request)
    source = source_of(request)
    if request.out is not None:
        wanted = labelling.Wanted(
            request.out, request.csv, request.pictures, request.box or "", request.batch
        )
        labelling.check(wanted)
        with quiet(ConfigError, ServerError) as streams:
            failed = labelling.write(streams.err, loaded(streams, source), source, wanted)
        return Exit.NOT_ALL_ANSWERED if failed else Exit.ALL_ANSWERED
    names = find(request.pictures)
    with quiet(ConfigError, ServerError) as streams:
        model = loaded(streams, source)
        batches = answer_all(model, of_pictures(names, request.box or ""), request.batch)
        return _tell(streams, model, len(names), batches, request.json)


def _check(request: Request) -> None:
    if request.batch < 1:
        raise ConfigError(f"--batch must be at least 1. Received: {request.batch}")
    if request.box is not None:
        try:
            parse_box(request.box)
        except BoxError as error:
            raise ConfigError(
                f"--box: {error}. Give it in pixels of the upright picture"
            ) from error
    if request.csv is not None and (request.pictures or request.out is None):
        raise ConfigError(
            "--csv stands in place of PICTUREs and needs --out FILE. Received: "
            f"{len(request.pictures)} PICTUREs, --out {request.out}"
        )


def loaded(streams: Streams, source: Source) -> Model:
    """Loads the model, with a spinner for whoever waits at a terminal."""
    if source.note:
        # Rich would break a long path; the note can be copied whole.
        streams.err.write(f"Using {source.note}\n")
        streams.err.flush()
    with screen.at_work(streams.err, source.words):
        return source.load()


def _tell(
    streams: Streams,
    model: Model,
    count: int,
    batches: Generator[list[Row], None, None],
    lines: bool,
) -> Exit:
    on_terminal = streams.out.isatty()
    done = failed = 0
    kept: list[Row] = []
    # A spinner would run into lines on the same terminal.
    tick = (
        contextlib.nullcontext(lambda words: None)
        if on_terminal and lines
        else screen.at_work(streams.err, f"{count} pictures")
    )
    # Closed at once where the output ends early, so that no thread goes on reading.
    with contextlib.closing(batches), tick as say:
        for rows in batches:
            done += len(rows)
            failed += sum(isinstance(row, Untold) for row in rows)
            if on_terminal and not lines:
                kept += rows
            else:
                streams.out.writelines(f"{json_line(row)}\n" for row in rows)
                streams.out.flush()
            say(f"{done} of {count} pictures")
    if kept:
        screen.print_table(streams.out, kept, model.facts)
    return Exit.NOT_ALL_ANSWERED if failed else Exit.ALL_ANSWERED
