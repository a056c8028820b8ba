"""One run on this machine, from the user's wishes to the exit code: puts the parts together."""

import datetime
import logging
import sys
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from rich.text import Text

from models.settings import NONE
from pipeline.metadata.settings import MYSQL
from pipeline.run_inputs import RunInputs
from runner import environment, interrupts, preparation
from runner.console import display_for
from runner.diagnosis import STOPPED, Failure, diagnose
from runner.example_row import ExampleRow, first_used
from runner.log_capture import captured
from runner.node_run import NodeRun, NodeState
from runner.progress_feed import reports_to
from runner.run_record import RunRecord, installed_versions
from runner.run_request import RunRequest
from runner.run_summary import print_summary, shown_path
from schemas.errors import ConfigError
from schemas.exit_codes import RunExit
from system.streams import Streams

_LOGGER = logging.getLogger("pet_mood.runner")
_LONGEST_MESSAGE = 2000
"""Characters; some libraries put whole tracebacks into their messages."""

T = TypeVar("T")

Ending = Callable[[RunRecord, ExampleRow | None], Iterable[str]]
"""Makes the lines that a command line adds to the summary."""


def run(request: RunRequest, ending: Ending | None = None) -> int:
    """Runs the pipeline and returns the exit code; see ``schemas.exit_codes.RunExit``.

    Whatever happens, ``run.json`` in the output folder says how it ended, unless the folder
    cannot be written or belongs to another run.
    """
    started = datetime.datetime.now().astimezone()
    folder = request.folder
    log = folder / "logs" / f"{started:%Y%m%d-%H%M%S}.log"
    try:
        environment.check_versions()
        environment.check_output(folder)
        with environment.locked(folder), captured(log) as terminal, environment.prepared():
            return _Run(request, RunRecord(folder, log, started), terminal, ending).run()
    except ConfigError as error:
        sys.stderr.write(f"error: {error}\n")
        return RunExit.CONFIG
    except KeyboardInterrupt:
        sys.stderr.write(f"\n{STOPPED.message}\n")
        return STOPPED.exit


class _Run:
    """A run that holds its output folder's lock; it listens to the nodes."""

    def __init__(
        self, request: RunRequest, record: RunRecord, terminal: Streams, ending: Ending | None
    ) -> None:
        self._request = request
        self._record = record
        self._terminal = terminal
        self._ending = ending
        self._display = display_for(terminal.out)
        self._inputs: RunInputs | None = None
        self._stop = interrupts.StopRequest()

    def run(self) -> int:
        began = time.monotonic()
        failure: Failure | None = None
        with interrupts.stop_signals(self._stop):
            try:
                self._record.write()
                with reports_to(self._display.progress):
                    self._work()
            # Every way to end is recorded; Ctrl-C and a library's SystemExit are among them.
            except BaseException as error:
                _LOGGER.exception("the run was ended by an exception")
                failure = STOPPED if self._stop.received else diagnose(error)
            with interrupts.signals_ignored():
                self._record.seconds = time.monotonic() - began
                return self._close(failure or self._judged())

    def planned(self, nodes: list[str]) -> None:
        """See ``runner.dag.NodeListener``."""
        self._record.nodes = dict.fromkeys(nodes)

    def started(self, node: str) -> None:
        """See ``runner.dag.NodeListener``."""
        # A library may have caught the Ctrl-C and gone on.
        if self._stop.received:
            raise KeyboardInterrupt
        self._display.start(node)

    def ended(self, run: NodeRun) -> None:
        """See ``runner.dag.NodeListener``."""
        note = ""
        try:
            note = self._record.results.add(run)
        finally:
            self._display.finish(run.state, note)
        self._record.nodes[run.node] = run
        self._record.write()

    def _work(self) -> None:
        settings, inputs = self._request.settings(), self._request.inputs()
        self._record.settings = settings
        self._record.write()
        _LOGGER.info("versions %s", installed_versions())
        _LOGGER.info("%s", settings)
        _LOGGER.info("%s", inputs)
        self._greet(inputs)
        preparation.check_folder(settings, inputs)
        if settings.metadata.store == MYSQL:
            self._step("Asking MySQL", lambda: preparation.check_server(settings, inputs))
        if self._request.uses_sample:
            inputs = self._step("Drawing sample", lambda: preparation.drawn(inputs))
        self._inputs = inputs
        if settings.model.weights != NONE:
            self._step("Checking weights", lambda: preparation.check_weights(settings, inputs))
        create_pipeline, dag_runner = self._step("Loading TFX", preparation.load_tfx)
        # Looks at every photo's size and time: seconds where there are millions.
        pipeline = self._step("Reading CSVs", lambda: create_pipeline(settings, inputs))
        dag_runner(self).run(pipeline)

    def _greet(self, inputs: RunInputs) -> None:
        data = "the drawn sample" if self._request.uses_sample else shown_path(inputs.train_csv)
        if inputs.eval_csv is not None:
            data += f" and {shown_path(inputs.eval_csv)}"
        changes = "".join(f" {text}" for text in self._request.overrides)
        for title, text in (
            ("data", data),
            ("settings", f"preset {self._request.preset_name}{changes}"),
            ("output", shown_path(inputs.output)),
            ("log", shown_path(self._record.log)),
        ):
            self._display.console.print(
                Text.assemble("  ", (f"{title:<10}", "dim"), text), soft_wrap=True
            )
        self._display.console.print()

    def _step(self, name: str, work: Callable[[], T]) -> T:
        self._display.start(name)
        state = NodeState.FAILED
        try:
            result = work()
            state = NodeState.DONE
            return result
        except KeyboardInterrupt:
            state = NodeState.STOPPED
            raise
        finally:
            self._display.finish(state)

    def _judged(self) -> Failure | None:
        """Returns why nothing was pushed though every node ran; None where one was pushed."""
        results = self._record.results
        if results.pushed is not None and results.pushed.is_dir():
            return None
        if results.blessed is False:
            return Failure(RunExit.NOT_BLESSED, "The model is not blessed.", see_log=False)
        if results.servable_passed is False:
            return Failure(RunExit.NOT_BLESSED, "The servable failed its check.", see_log=False)
        return Failure(RunExit.OTHER, "Every step ran, and yet no model was pushed.", see_log=True)

    def _close(self, failure: Failure | None) -> int:
        record = self._record
        record.exit = int(failure.exit) if failure else int(RunExit.PUSHED)
        record.error = failure.message if failure else None
        try:
            record.write()
            if record.nodes:
                self._step("Writing report", self._report)
                example = self._example()
                print_summary(self._display.console, record, example)
                for line in self._ending(record, example) if self._ending else ():
                    self._display.console.print(Text(line), soft_wrap=True)
        # The summary is no part of the run: its failing must not change how the run ended.
        except Exception:
            _LOGGER.exception("the end could not be told in full")
        self._terminal.out.flush()
        if failure is not None and failure.exit is not RunExit.NOT_BLESSED:
            self._complain(failure)
        _LOGGER.info("exit %d: %s", record.exit, record.error or "pushed")
        return record.exit

    def _report(self) -> None:
        """Writes the page; where that fails there is none, and the run ends as it would have."""
        # Importing it loads TensorFlow, which a refused command line must not wait for.
        from report import page, sources

        record, results = self._record, self._record.results
        left = sources.Sources(
            record=record.as_json(),
            ingest=results.ingest,
            validation=results.validation,
            leaks=results.leaks,
            tuner=results.tuner,
            metrics=results.metrics,
            servable=results.servable,
            rejects_csv=results.rejects_csv,
            frames=results.frames,
            examples=results.examples,
            model_run=results.checkpoint.parent if results.checkpoint else None,
            predictions=results.predictions,
            image_root=self._inputs.image_root if self._inputs else None,
        )
        try:
            record.report = page.write(left, record.folder)
        # A page is made of whatever the run has left; nothing that it stumbles over is the run's.
        except Exception:
            _LOGGER.exception("the report could not be written")

    def _example(self) -> ExampleRow | None:
        results = self._record.results
        if self._inputs is None or not (results.pushed or results.checkpoint):
            return None
        try:
            return first_used(self._inputs, results.rejects_csv)
        except (OSError, ValueError):
            _LOGGER.exception("the CSV is no longer what the run has read")
            return None

    def _complain(self, failure: Failure) -> None:
        prefix = "" if failure is STOPPED else "error: "
        self._terminal.err.write(f"{prefix}{failure.message[:_LONGEST_MESSAGE]}\n")
        if failure.see_log:
            self._terminal.err.write(f"The traceback is in {shown_path(self._record.log)}\n")
        self._terminal.err.flush()
