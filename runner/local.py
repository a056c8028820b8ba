"""One run on this machine, from the request to the exit code."""

import datetime
import logging
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from rich.text import Text

from models.settings.network import NONE
from pipeline.config import Settings
from pipeline.metadata.settings import MYSQL
from pipeline.run_inputs import RunInputs, choosing_split
from report.node_run import NodeRun, NodeState
from report.translations import TEXTS
from runner import disk_need, environment, interrupts, mlflow_writer, preparation, steps
from runner.diagnosis import STOPPED, Failure, diagnose
from runner.display.console import display_for, run_step
from runner.display.log_capture import captured
from runner.display.progress_feed import reports_to
from runner.display.run_header import print_header
from runner.nodes.engine_retry import EngineRetry
from runner.prune.command import remove_old
from runner.push_failure import push_failure
from runner.run_ending import ClosingLines, RunEnding
from runner.run_record import RunRecord, installed_versions
from runner.run_request import RunRequest
from schemas.errors import ConfigError
from schemas.exit_codes import RunExit
from schemas.splits import EVAL
from system import secrets
from system.printable import error_line, printable
from system.streams import Streams

_LOGGER = logging.getLogger("pet_mood.runner")
T = TypeVar("T")


def run(request: RunRequest, closing_lines: ClosingLines | None = None) -> int:
    """Runs the pipeline and returns the exit code; see ``schemas.exit_codes.RunExit``.

    ``run.json`` in the output folder says how the run ended. A command that cannot run (exit code 2
    before the first node, as for a mistyped setting) leaves the record of the run before, and so
    does a kill before the first node.
    """
    started = datetime.datetime.now().astimezone()
    folder = request.folder
    log = folder / "logs" / f"{started:%Y%m%d-%H%M%S}.log"
    try:
        environment.check_versions()
        environment.check_name(folder)
        environment.check_output(folder)
        with environment.locked(folder), captured(log) as terminal, environment.prepared():
            record = RunRecord(folder, log, started)
            return _Run(request, record, terminal, closing_lines).run()
    except ConfigError as error:
        sys.stderr.write(error_line(error))
        return RunExit.CONFIG
    except KeyboardInterrupt:
        sys.stderr.write(f"\n{STOPPED.message}\n")
        return STOPPED.exit


class _Run:
    """A run that holds its output folder's lock; it implements ``runner.nodes.dag.RunHooks``."""

    def __init__(
        self,
        request: RunRequest,
        record: RunRecord,
        terminal: Streams,
        closing_lines: ClosingLines | None,
    ) -> None:
        self._request = request
        self._record = record
        self._display = display_for(terminal.out)
        self._inputs: RunInputs | None = None
        self._stop = interrupts.StopRequest()
        self._ending = RunEnding(
            request, record, terminal, self._display, self._stop, closing_lines
        )

    def run(self) -> int:
        """Runs everything and returns the exit code."""
        started = time.monotonic()
        failure: Failure | None = None
        with interrupts.signals_as_interrupts(self._stop):
            try:
                with reports_to(self._display.progress):
                    self._run_pipeline()
                    self._remove_old_results()
            # Every ending is recorded, also Ctrl-C and a library's SystemExit.
            except BaseException as error:
                _LOGGER.exception("an exception ended the run")
                failure = STOPPED if self._stop.received else diagnose(error)
            with interrupts.signals_ignored():
                self._record.seconds = time.monotonic() - started
                failure = failure or push_failure(self._record.results)
                return self._ending.finish(failure, self._inputs)

    def before_run(self, nodes: list[str], reusable: frozenset[str]) -> None:
        """See ``runner.nodes.dag.RunHooks``."""
        settings, inputs = self._record.settings, self._inputs
        if settings is not None and inputs is not None:
            needs = disk_need.estimate(settings, inputs, reusable)
            self._step("Estimating disk", lambda: disk_need.check(inputs, needs))
        self._record.nodes = dict.fromkeys(nodes)
        self._record.write()

    def before_node_run(self, node: str) -> None:
        """See ``runner.nodes.dag.RunHooks``."""
        # A library may have caught the Ctrl-C and gone on.
        if self._stop.received:
            raise KeyboardInterrupt
        self._display.start(node)

    def after_node_run(self, run: NodeRun) -> None:
        """See ``runner.nodes.dag.RunHooks``."""
        note = ""
        try:
            note = self._record.results.add(run)
        finally:
            self._display.finish(run.state, note)
        self._record.nodes[run.node] = run
        self._record.write()

    def _run_pipeline(self) -> None:
        """Checks the settings and runs the pipeline."""
        settings, inputs = self._request.settings(), self._request.inputs()
        self._record.settings = settings
        _LOGGER.info("versions %s", installed_versions())
        _LOGGER.info("%s", settings)
        _LOGGER.info("%s", inputs)
        print_header(self._display.console, self._request, settings, inputs, self._record.log)

        # The metadata's own password may be in a variable of any name.
        names = (settings.metadata.password_env,) * (settings.metadata.store == MYSQL)
        with secrets.kept_apart(*names):
            self._run_nodes(settings, inputs)

    def _run_nodes(self, settings: Settings, inputs: RunInputs) -> None:
        """Prepares the run and runs the pipeline's nodes."""
        preparation.check_folder(settings, inputs)
        preparation.check_pins(settings)
        if settings.metadata.store == MYSQL:
            self._step("Checking MySQL", lambda: preparation.check_server(settings, inputs))
        if (where := self._request.mlflow) is not None:
            self._step("Opening MLflow", lambda: mlflow_writer.check(where))
        if self._request.uses_sample:
            inputs = self._step("Drawing sample", lambda: preparation.draw_sample(settings, inputs))
        self._inputs = inputs
        if choosing_split(settings.data, inputs.validation_csv) == EVAL:
            _LOGGER.warning("%s", TEXTS["shared_rows"][1])
        if inputs.eval_csv is not None and not self._request.uses_sample:
            self._step("Comparing CSVs", lambda: preparation.check_names(settings, inputs))
        if settings.beam.has_job_service:
            self._step(
                "Asking engine", lambda: preparation.check_engine(settings, inputs), note=str
            )
        if settings.model.weights != NONE:
            self._step("Checking weights", lambda: preparation.check_weights(settings, inputs))

        create_pipeline, dag_runner = self._step(steps.LOADING_TFX, preparation.load_tfx)
        self._step("Checking devices", lambda: preparation.check_devices(settings), note=str)
        # Reads the size and time of every photo file: seconds for millions of them.
        pipeline = self._step(steps.READING_CSVS, lambda: create_pipeline(settings, inputs))
        self._record.csvs = preparation.csv_records(inputs)
        retry = EngineRetry(
            settings.beam, lambda: preparation.check_engine(settings, inputs), self._say
        )
        dag_runner(self, retry).run(pipeline)

    def _remove_old_results(self) -> None:
        """Removes what ``retain`` does not keep, after a run that has pushed a model."""
        settings, inputs = self._record.settings, self._inputs
        if settings is None or inputs is None or not settings.retain.results:
            return
        if push_failure(self._record.results) is not None:
            return
        self._display.start("Pruning results")
        state, note = NodeState.FAILED, ""
        try:
            pruned = remove_old(settings, inputs)
            state, note = NodeState.DONE, str(pruned)
            if pruned.errors:
                state, note = NodeState.FAILED, "; ".join(pruned.errors)
        # The model is pushed, whatever stays on the disk.
        except (ConfigError, OSError) as error:
            _LOGGER.exception("old results could not be removed")
            note = str(error)
        except KeyboardInterrupt:
            state = NodeState.STOPPED
            raise
        finally:
            self._display.finish(state, note)

    def _step(
        self, name: str, work: Callable[[], T], note: Callable[[T], str] = lambda result: ""
    ) -> T:
        return run_step(self._display, name, work, note)

    def _say(self, text: str) -> None:
        self._display.console.print(Text(f"  {printable(text)}"), soft_wrap=True)
