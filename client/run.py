"""One call of the command, from the user's wishes to the exit code: puts the parts together.

TensorFlow takes seconds to load, so all that can be wrong without it is found before.
"""

import contextlib
import enum
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from client import screen
from client.agreement import Wishes, check_agreement, wishes_of
from client.answers import Row, Untold, json_line
from client.asking import answer_all
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


@dataclass(frozen=True)
class Request:
    """What the command line said.

    Attributes:
      weight_path: see ``client.weights``.
      pictures: files and folders, at least one.
      input_size, classes, label: see ``client.agreement``.
      box: "y,x,height,width" in pixels of every upright picture; None is the whole picture.
      json: whether a terminal gets JSON lines, too.
    """

    weight_path: Path
    pictures: tuple[str, ...]
    input_size: int | None = None
    classes: int | None = None
    label: Path | None = None
    box: str | None = None
    json: bool = False


def run(request: Request) -> int:
    """Answers the request on the standard output and returns the exit code."""
    try:
        return _answer(request)
    except ConfigError as error:
        sys.stderr.write(f"error: {error}\n")
        return Exit.CONFIG
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
    except BrokenPipeError:  # Whoever reads the lines has seen enough, as head has.
        pass
    return Exit.NOT_ALL_ANSWERED


def _answer(request: Request) -> Exit:
    box = _box(request.box)
    wishes = wishes_of(request.input_size, request.classes, request.label)
    weights = locate(request.weight_path)
    facts = None
    if weights.is_version:
        facts = facts_of(weights.path)
        check_agreement(wishes, facts)
    names = find(request.pictures)
    with quiet() as streams:
        if weights.note:
            # Rich would break a long path; the note can be copied whole.
            streams.err.write(f"Using {weights.note}\n")
            streams.err.flush()
        with screen.at_work(streams.err, "Loading TensorFlow and the model"):
            model = _load(weights, facts, wishes)
        return _tell(streams, model, names, answer_all(model, names, box), request.json)


def _box(text: str | None) -> PixelBox | None:
    if text is None:
        return None
    try:
        return parse_box(text)
    except BoxError as error:
        raise ConfigError(f"--box: {error}. Give it in pixels of the upright picture") from error


def _load(weights: Weights, facts: Facts | None, wishes: Wishes) -> Model:
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
