"""The end of a run: its record, its report, the summary and the message of a failure."""

import logging
from collections.abc import Callable, Iterable

from pipeline.run_inputs import RunInputs
from report.formatting import path_text
from report.results import Results
from runner import interrupts, mlflow_writer, smoke_test, steps
from runner.diagnosis import STOPPED, Failure
from runner.display.console import Display, run_step
from runner.example_row import ExampleRow, first_used_row
from runner.run_record import RunRecord
from runner.run_request import RunRequest
from runner.summary.run_summary import print_summary
from schemas.exit_codes import RunExit
from system.printable import error_line, printable
from system.streams import Streams
from system.terminal import shown

_LOGGER = logging.getLogger("pet_mood.runner")
_MAX_MESSAGE_LENGTH = 2000
"""Characters; some libraries put whole tracebacks into their messages."""

ClosingLines = Callable[[RunRecord, ExampleRow | None], Iterable[str]]
"""Makes the lines that a command prints after the summary."""


class RunEnding:
    """What a run does after its last node, however that ended."""

    def __init__(
        self,
        request: RunRequest,
        record: RunRecord,
        terminal: Streams,
        display: Display,
        stop: interrupts.StopRequest,
        closing_lines: ClosingLines | None,
    ) -> None:
        self._request = request
        self._record = record
        self._terminal = terminal
        self._display = display
        self._stop = stop
        self._closing_lines = closing_lines

    def finish(self, failure: Failure | None, inputs: RunInputs | None) -> int:
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
                self._write_report_unless_stopped(inputs)
                example = _example_row(inputs, record.results)
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

    def _write_report_unless_stopped(self, inputs: RunInputs | None) -> None:
        # The record is written already, and the report may take long.
        try:
            with interrupts.signals_as_interrupts(self._stop):
                run_step(self._display, steps.WRITING_REPORT, lambda: self._write_report(inputs))
                if (where := self._request.mlflow) is not None:
                    self._write_to_mlflow(where)
        # A server or a database may raise anything: the run has ended without it.
        except Exception:
            _LOGGER.exception("the run could not be written into MLflow")
        except KeyboardInterrupt:
            _LOGGER.warning("the report was not written, because the run was stopped")

    def _write_report(self, inputs: RunInputs | None) -> None:
        """Writes the report; an error in it is logged, and does not change how the run ends."""
        record = self._record
        image_root = inputs.image_root if inputs else None
        try:
            # It loads matplotlib and TensorFlow, and a wrong command line would wait for them.
            from report import page

            record.report = page.write(record.as_json(), record.results, image_root, record.folder)
        # The report is made of what an incomplete run has left, so any error is possible.
        except Exception:
            _LOGGER.exception("the report could not be written")

    def _write_to_mlflow(self, where: str) -> None:
        record = self._record
        run_step(
            self._display,
            "Writing to MLflow",
            lambda: mlflow_writer.write(where, record.as_json(), record.results, record.folder),
            note="run {}".format,
        )

    def _print_failure(self, failure: Failure) -> None:
        message = failure.message[:_MAX_MESSAGE_LENGTH]
        self._terminal.err.write(f"{message}\n" if failure is STOPPED else error_line(message))
        if failure.see_log:
            self._terminal.err.write(
                f"The traceback is in {printable(path_text(self._record.log))}\n"
            )
        self._terminal.err.flush()


def _example_row(inputs: RunInputs | None, results: Results) -> ExampleRow | None:
    """Returns a row to try the model on; None if there is no model or no such row."""
    if inputs is None or not (results.pushed or results.checkpoint):
        return None
    try:
        return first_used_row(inputs, results.rejects_csv)
    except (OSError, ValueError):
        _LOGGER.exception("the CSV has changed since the run has read it")
        return None
