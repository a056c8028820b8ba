"""One call of ``inference.py``, from its flags to the exit code: puts the parts together.

TensorFlow takes seconds to load, so all that can be wrong without it is found before.
"""

import contextlib
import sys
from collections.abc import Generator

from client import terminal
from client.backends.errors import ServerError
from client.backends.model import Model
from client.backends.model_source import ModelSource, model_source
from client.batch import labelling
from client.predict.folders import find
from client.predict.prediction_inputs import of_pictures
from client.predict.predictions import FailedPrediction, Outcome, json_line
from client.predict.predictor import predict_all
from client.predict_request import PredictRequest
from schemas.errors import ConfigError
from schemas.exit_codes import PredictExit
from system.streams import Streams, quiet


def run(request: PredictRequest) -> int:
    """Predicts what was asked for and returns the exit code."""
    try:
        return _predict(request)
    except (ConfigError, ServerError) as error:
        return report_error(error)
    except KeyboardInterrupt:
        goes_on = " The same command goes on from here." if request.out else ""
        sys.stderr.write(f"\nStopped.{goes_on}\n")
    except BrokenPipeError:  # Whoever reads the lines has seen enough, as head has.
        pass
    return PredictExit.NOT_ALL_ANSWERED


def report_error(error: ConfigError | ServerError) -> PredictExit:
    """Prints an error whose message says all, and returns its exit code."""
    sys.stderr.write(f"error: {error}\n")
    return PredictExit.CONFIG if isinstance(error, ConfigError) else PredictExit.SERVER


def _predict(request: PredictRequest) -> PredictExit:
    request.check()
    source = model_source(request)
    if request.out is not None:
        labelling.check(request, request.out)
        with quiet(ConfigError, ServerError) as streams:
            model = loaded(streams, source)
            failed = labelling.write(streams.err, model, source, request, request.out)
        return PredictExit.NOT_ALL_ANSWERED if failed else PredictExit.ALL_ANSWERED
    names = find(request.pictures)
    with quiet(ConfigError, ServerError) as streams:
        model = loaded(streams, source)
        batches = predict_all(model, of_pictures(names, request.box or ""), request.batch)
        return _print(streams, model, len(names), batches, request.json)


def loaded(streams: Streams, source: ModelSource) -> Model:
    """Loads the model, with a spinner for whoever waits at a terminal."""
    if source.note:
        # Rich would break a long path; the note can be copied whole.
        streams.err.write(f"Using {source.note}\n")
        streams.err.flush()
    with terminal.at_work(streams.err, source.words):
        return source.load()


def _print(
    streams: Streams,
    model: Model,
    count: int,
    batches: Generator[list[Outcome], None, None],
    lines: bool,
) -> PredictExit:
    on_terminal = streams.out.isatty()
    done = failed = 0
    kept: list[Outcome] = []
    # A spinner would run into lines on the same terminal.
    tick = (
        contextlib.nullcontext(lambda words: None)
        if on_terminal and lines
        else terminal.at_work(streams.err, f"{count} pictures")
    )
    # Closed at once where the output ends early, so that no thread goes on reading.
    with contextlib.closing(batches), tick as say:
        for rows in batches:
            done += len(rows)
            failed += sum(isinstance(row, FailedPrediction) for row in rows)
            if on_terminal and not lines:
                kept += rows
            else:
                streams.out.writelines(f"{json_line(row)}\n" for row in rows)
                streams.out.flush()
            say(f"{done} of {count} pictures")
    if kept:
        terminal.print_table(streams.out, kept, model.info)
    return PredictExit.NOT_ALL_ANSWERED if failed else PredictExit.ALL_ANSWERED
