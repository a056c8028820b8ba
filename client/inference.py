"""One call of ``inference.py``: from its flags to the exit code.

TensorFlow takes seconds to load, so errors that can be found without it are found first.
"""

import contextlib
import sys
from collections.abc import Generator

from client import terminal
from client.backends.errors import ServerError
from client.backends.model import Model
from client.backends.model_source import ModelSource, find_model_source
from client.batch import batch_command
from client.predict.folders import find_pictures
from client.predict.predict_batches import predict_all
from client.predict.prediction_inputs import inputs_from_paths
from client.predict.predictions import FailedPrediction, Outcome, json_line
from client.predict.whole_photos import WholePhotoWarning
from client.predict_request import PredictRequest
from schemas.documents.training import DRAWINGS
from schemas.errors import ConfigError
from schemas.exit_codes import PredictExit
from system.printable import error_line, printable
from system.signals import sigterm_as_interrupt
from system.streams import Streams, quiet

_DRAWINGS = (
    "this model was trained on drawings that the project makes itself, to try the commands. Of "
    "real photos it knows nothing, and its answers for them mean nothing"
)


@sigterm_as_interrupt()
def run(request: PredictRequest) -> int:
    """Predicts the request's pictures and returns the exit code."""
    try:
        return _predict(request)
    except (ConfigError, ServerError) as error:
        return report_error(error)
    except KeyboardInterrupt:
        resume = " The same command goes on from here." if request.out else ""
        sys.stderr.write(f"\nStopped.{resume}\n")
    except BrokenPipeError:  # The reader has closed the pipe, as ``head`` does.
        pass
    return PredictExit.NOT_ALL_ANSWERED


def report_error(error: ConfigError | ServerError) -> PredictExit:
    """Prints an error's message and returns its exit code."""
    sys.stderr.write(error_line(error))
    return PredictExit.CONFIG if isinstance(error, ConfigError) else PredictExit.SERVER


def _predict(request: PredictRequest) -> PredictExit:
    request.check()
    source = find_model_source(request)
    if request.out is not None:
        batch_command.check_files(request, request.out)
        with quiet(ConfigError, ServerError) as streams:
            model = load_model(streams, source)
            failed = batch_command.run_batch(streams.err, model, source, request, request.out)
        return PredictExit.NOT_ALL_ANSWERED if failed else PredictExit.ALL_ANSWERED

    paths = find_pictures(request.pictures)
    with quiet(ConfigError, ServerError) as streams:
        model = load_model(streams, source)
        batches = predict_all(model, inputs_from_paths(paths, request.box or ""), request.batch)
        return _print_outcomes(streams, model, len(paths), batches, as_json=request.json)


def load_model(streams: Streams, source: ModelSource) -> Model:
    """Loads the model, and shows a spinner if the standard error is a terminal.

    Raises:
      ConfigError, ServerError: see ``client.backends``.
    """
    if source.note:
        # Not by Rich, which would break a long path: the note can be copied whole.
        streams.err.write(f"Using {printable(source.note)}\n")
    if source.warning:
        streams.err.write(f"warning: {printable(source.warning)}\n")
    streams.err.flush()
    with terminal.spinner(streams.err, source.label):
        model = source.load()
    if model.info.trained_on == DRAWINGS:
        streams.err.write(f"warning: {_DRAWINGS}\n")
        streams.err.flush()
    return model


def _print_outcomes(
    streams: Streams,
    model: Model,
    num_pictures: int,
    batches: Generator[list[Outcome], None, None],
    *,
    as_json: bool,
) -> PredictExit:
    on_terminal = streams.out.isatty()
    done = failed = 0
    for_table: list[Outcome] = []
    warning = WholePhotoWarning(streams.err.write)
    # On the same terminal a spinner would mix with the lines of JSON.
    progress = (
        contextlib.nullcontext(lambda text: None)
        if on_terminal and as_json
        else terminal.spinner(streams.err, f"{num_pictures} pictures")
    )
    # Closed at once if the output ends early, so that no thread goes on reading.
    with contextlib.closing(batches), progress as update:
        for outcomes in batches:
            done += len(outcomes)
            warning.look_at(outcomes)
            failed += sum(isinstance(one, FailedPrediction) for one in outcomes)
            if on_terminal and not as_json:
                for_table += outcomes
            else:
                streams.out.writelines(f"{json_line(one)}\n" for one in outcomes)
                streams.out.flush()
            update(f"{done} of {num_pictures} pictures")
    if for_table:
        terminal.print_table(streams.out, for_table, model.info)
    return PredictExit.NOT_ALL_ANSWERED if failed else PredictExit.ALL_ANSWERED
