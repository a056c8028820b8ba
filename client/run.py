"""One call of the command, from the user's wishes to the exit code: puts the parts together.

TensorFlow takes seconds to load, so all that can be wrong without it is found before.
"""

import contextlib
import enum
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from client import screen
from client.address import Address, parse_address
from client.agreement import Wishes, check_agreement, wishes_of
from client.answers import Row, Untold, json_line
from client.asking import BATCH, answer_all
from client.failures import ServerError
from client.model import Facts, Model
from client.pictures import find
from client.quiet import Streams, quiet
from client.weights import Weights, facts_of, locate
from dataset.boxes import BoxError, PixelBox, parse_box
from schemas.errors import ConfigError


class Exit(enum.IntEnum):
    """Exit codes of the command."""

    ALL_ANSWERED = 0
    NOT_ALL_ANSWERED = 1
    CONFIG = 2
    SERVER = 3


@dataclass(frozen=True)
class Request:
    """What the command line said.

    Attributes:
      weight_path: see ``client.weights``; None where a server is asked.
      pictures: files and folders, at least one.
      server: see ``client.address``; None where ``weight_path`` is asked.
      timeout: seconds that a request to a server may take.
      batch: pictures asked at a time.
      input_size, classes, label: see ``client.agreement``.
      box: "y,x,height,width" in pixels of every upright picture; None is the whole picture.
      json: whether a terminal gets JSON lines, too.
    """

    weight_path: Path | None
    pictures: tuple[str, ...]
    server: str | None = None
    timeout: float = 30.0
    batch: int = BATCH
    input_size: int | None = None
    classes: int | None = None
    label: Path | None = None
    box: str | None = None
    json: bool = False


class _Source(NamedTuple):
    """Where answers come from: how it is loaded, and what the user is told of that."""

    load: Callable[[], Model]
    words: str
    note: str = ""


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
    wishes = wishes_of(request.input_size, request.classes, request.label)
    if request.batch < 1:
        raise ConfigError(f"--batch must be at least 1. Received: {request.batch}")
    if not request.timeout > 0:
        raise ConfigError(f"--timeout must be above 0 seconds. Received: {request.timeout}")
    source = _source(request, wishes)
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


def _source(request: Request, wishes: Wishes) -> _Source:
    """Returns where the answers will come from, checked as far as that needs no TensorFlow."""
    if request.server is not None:
        address = parse_address(request.server)
        return _Source(lambda: _served(address, wishes, request.timeout), f"Asking {address.url}")
    if request.weight_path is None:
        raise ConfigError("Either --weight_path or --server must name a model. Received: neither")
    weights = locate(request.weight_path)
    facts = None
    if weights.is_version:
        facts = facts_of(weights.path)
        check_agreement(wishes, facts)
    return _Source(
        lambda: _loaded(weights, facts, wishes), "Loading TensorFlow and the model", weights.note
    )


def _served(address: Address, wishes: Wishes, timeout: float) -> Model:
    from client.served import ServedModel

    return ServedModel(address, wishes, timeout)


def _loaded(weights: Weights, facts: Facts | None, wishes: Wishes) -> Model:
    if facts is not None:
        from client.pushed import PushedModel

        return PushedModel(weights.path, facts)
    from client.checkpoint import CheckpointModel

    return CheckpointModel(weights.path, wishes)


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
