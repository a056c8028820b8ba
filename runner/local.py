"""One run on this machine, from the request to the exit code."""

import datetime
import logging
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from rich.text import Text

from models.settings.network import NONE
from pipeline.beam import LOCAL, beam_args
from pipeline.config import Settings
from pipeline.metadata.settings import MYSQL
from pipeline.run_inputs import RunInputs, choosing_split
from report.formatting import path_text
from report.node_run import NodeRun, NodeState
from report.translations import TEXTS
from runner import disk_need, environment, interrupts, mlflow_writer, preparation, smoke_test
from runner.console import display_for
from runner.diagnosis import STOPPED, Failure, diagnose
from runner.engine_retry import EngineRetry
from runner.example_row import ExampleRow, first_used_row
from runner.log_capture import captured
from runner.progress_feed import reports_to
from runner.prune.command import remove_old
from runner.run_record import RunRecord, installed_versions
from runner.run_request import RunRequest
from runner.run_summary import print_summary
from schemas.errors import ConfigError
from schemas.exit_codes import RunExit
from schemas.splits import EVAL
from system import secrets
from system.printable import error_line, printable
from system.pushed_versions import check_version
from system.streams import Streams
from system.terminal import shown

_LOGGER = logging.getLogger("pet_mood.runner")
_MAX_MESSAGE_LENGTH = 2000
"""Characters; some libraries put whole tracebacks into their messages."""

T = TypeVar("T")

ClosingLines = Callable[[RunRecord, ExampleRow | None], Iterable[str]]
"""Makes the lines that a command prints after the summary."""


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
    """A run that holds its output folder's lock; it implements ``runner.dag.RunHooks``."""

    def __init__(
        self,
        request: RunRequest,
        record: RunRecord,
        terminal: Streams,
        closing_lines: ClosingLines | None,
    ) -> None:
        self._request = request
        self._record = record
        self._terminal = terminal
        self._closing_lines = closing_lines
        self._display = display_for(terminal.out)
        self._inputs: RunInputs | None = None
        self._stop = interrupts.StopRequest()

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
                return self._finish(failure or self._push_failure())

    def before_run(self, nodes: list[str], reusable: frozenset[str]) -> None:
        """See ``runner.dag.RunHooks``."""
        settings, inputs = self._record.settings, self._inputs
        if settings is not None and inputs is not None:
            needs = disk_need.estimate(settings, inputs, reusable)
            self._step("Estimating disk", lambda: disk_need.check(inputs, needs))
        self._record.nodes = dict.fromkeys(nodes)
        self._record.write()

    def before_node_run(self, node: str) -> None:
        """See ``runner.dag.RunHooks``."""
        # A library may have caught the Ctrl-C and gone on.
        if self._stop.received:
            raise KeyboardInterrupt
        self._display.start(node)

    def after_node_run(self, run: NodeRun) -> None:
        """See ``runner.dag.RunHooks``."""
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
        self._print_header(settings, inputs)

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

        create_pipeline, dag_runner = self._step("Loading TFX", preparation.load_tfx)
        self._step("Checking devices", lambda: preparation.check_devices(settings), note=str)
        # Reads the size and time of every photo file: seconds for millions of them.
        pipeline = self._step("Reading CSVs", lambda: create_pipeline(settings, inputs))
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
        if self._push_failure() is not None:
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

    def _say(self, text: str) -> None:
        self._display.console.print(Text(f"  {printable(text)}"), soft_wrap=True)

    def _print_header(self, settings: Settings, inputs: RunInputs) -> None:
        """Prints what the run works on, and where it writes to."""
        data = "the drawn sample" if self._request.uses_sample else path_text(inputs.train_csv)
        for csv in (inputs.validation_csv, inputs.eval_csv):
            data += f" and {path_text(csv)}" if csv is not None else ""
        overrides = "".join(f" {text}" for text in self._request.overrides)
        engine = [("engine", " ".join(beam_args(settings.beam, 1)))]
        for title, text in (
            ("data", data),
            ("settings", f"preset {self._request.preset_name}{overrides}"),
            ("output", path_text(inputs.output)),
            ("log", path_text(self._record.log)),
            *(engine if settings.beam.runner != LOCAL else []),
        ):
            self._display.console.print(
                Text.assemble("  ", (f"{title:<10}", "dim"), printable(text)), soft_wrap=True
            )
        self._display.console.print()

    def _step(
        self, name: str, work: Callable[[], T], note: Callable[[T], str] = lambda result: ""
    ) -> T:
        """Returns ``work()``, which is displayed as a step, with a note on its result."""
        self._display.start(name)
        state, text = NodeState.FAILED, ""
        try:
            result = work()
            state, text = NodeState.DONE, note(result)
            return result
        except KeyboardInterrupt:
            state = NodeState.STOPPED
            raise
        finally:
            self._display.finish(state, text)

    def _push_failure(self) -> Failure | None:
        """Returns why nothing was pushed although every node ran; None if a model was pushed."""
        results = self._record.results
        if results.pushed is not None and results.pushed.is_dir():
            return _contents_failure(results.pushed, results.manifest_sha256)
        if results.blessed is False:
            return Failure(RunExit.NOT_BLESSED, "The model is not blessed.", see_log=False)
        if results.servable_passed is False:
            return Failure(RunExit.NOT_BLESSED, "The servable failed its check.", see_log=False)
        return Failure(RunExit.OTHER, "Every step ran, but no model was pushed.", see_log=True)

    def _finish(self, failure: Failure | None) -> int:
        """Writes the record and the report, prints the summary, and returns the exit code."""
        record = self._record
        if self._request.is_smoke_test and smoke_test.passed(failure, record.results):
            record.smoke_test, failure = True, None
        record.exit = int(failure.exit) if failure else int(RunExit.PUSHED)
        record.error = failure.message if failure else None
        has_run = bool(record.nodes) or record.exit != RunExit.CONFIG
        try:
            if has_run:
                record.write()
            if record.nodes:
                self._write_report_unless_stopped()
                example = self._example_row()
                print_summary(self._display.console, record, example)
                if self._closing_lines is not None:
                    for line in self._closing_lines(record, example):
                        self._display.console.print(shown(line), soft_wrap=True)
        # The summary is not part of the run: an error in it must not change how the run ended.
        except Exception:
            _LOGGER.exception("the summary is incomplete")

        self._terminal.out.flush()
        if failure is not None and failure.exit is not RunExit.NOT_BLESSED:
            self._print_failure(failure)
        _LOGGER.info("exit %d: %s", record.exit, record.error or "pushed")
        return record.exit

    def _write_report_unless_stopped(self) -> None:
        # The record is written already, and the report may take long.
        try:
            with interrupts.signals_as_interrupts(self._stop):
                self._step("Writing report", self._write_report)
                if (where := self._request.mlflow) is not None:
                    self._write_to_mlflow(where)
        # A server or a database may raise anything: the run has ended without it.
        except Exception:
            _LOGGER.exception("the run could not be written into MLflow")
        except KeyboardInterrupt:
            _LOGGER.warning("the report was not written, because the run was stopped")

    def _write_report(self) -> None:
        """Writes the report; an error in it is logged, and does not change how the run ends."""
        record = self._record
        image_root = self._inputs.image_root if self._inputs else None
        try:
            # It loads matplotlib and TensorFlow, and a wrong command line would wait for them.
            from report import page

            record.report = page.write(record.as_json(), record.results, image_root, record.folder)
        # The report is made of what an incomplete run has left, so any error is possible.
        except Exception:
            _LOGGER.exception("the report could not be written")

    def _write_to_mlflow(self, where: str) -> None:
        record = self._record
        self._step(
            "Writing to MLflow",
            lambda: mlflow_writer.write(where, record.as_json(), record.results, record.folder),
            note="run {}".format,
        )

    def _example_row(self) -> ExampleRow | None:
        """Returns a row to try the model on; None if there is no model or no such row."""
        results = self._record.results
        if self._inputs is None or not (results.pushed or results.checkpoint):
            return None
        try:
            return first_used_row(self._inputs, results.rejects_csv)
        except (OSError, ValueError):
            _LOGGER.exception("the CSV has changed since the run has read it")
            return None

    def _print_failure(self, failure: Failure) -> None:
        message = failure.message[:_MAX_MESSAGE_LENGTH]
        self._terminal.err.write(f"{message}\n" if failure is STOPPED else error_line(message))
        if failure.see_log:
            self._terminal.err.write(
                f"The traceback is in {printable(path_text(self._record.log))}\n"
            )
        self._terminal.err.flush()


def _contents_failure(version: Path, manifest_sha256: str | None) -> Failure | None:
    """Returns why a version is not what was pushed; None if nothing speaks against it.

    TFX looks only at the Pusher's own folder, and reuses a push whose version has changed.
    """
    remedy = "Delete this folder, and the same command pushes the model again"
    try:
        found = check_version(version)
    except ConfigError as error:
        return Failure(RunExit.CONFIG, f"{error}. {remedy}", see_log=False)
    if manifest_sha256 is not None and found != manifest_sha256:
        message = (
            f"{version} must have the manifest that was pushed, of SHA-256 {manifest_sha256}. "
            f"Received: {found or 'none'}. {remedy}"
        )
        return Failure(RunExit.CONFIG, message, see_log=False)
    return None
