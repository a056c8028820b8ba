"""From log records to reports, from this process and from Beam's workers."""

import logging

from runner.display.progress_feed import parse_worker_entry, reports_to
from system import progress
from system.progress import Progress

WORKER_LOGGER = "apache_beam.runners.portability.local_job_service"
ENTRY = (
    "Worker: severity: INFO timestamp {   seconds: 1795417886   nanos: 314511060 } "
    'message: "read train: +50 of 520 rows %s" instruction_id: "bundle_5" '
    'transform_id: "WriteShard" log_location: "system/progress.py:31" '
    'thread: "Thread-12" '
)
"""As Beam 2.65 logs a worker's report; ``test_runs_through_tfx`` has Beam make one."""


def test_a_report_reaches_the_callback_within_the_block() -> None:
    reports: list[Progress] = []
    with reports_to(reports.append):
        progress.report("read", 5, 10, "rows", "half")
    progress.report("read", 5, 10, "rows")
    assert reports == [Progress("read", 5, 10, "rows", "half")]


def test_a_workers_report_comes_through_its_text() -> None:
    report = parse_worker_entry(ENTRY % "shard 3")
    assert report == Progress("read train", 50, 520, "rows", "shard 3")


def test_a_workers_report_without_a_note_comes_through() -> None:
    assert parse_worker_entry(ENTRY % "") == Progress("read train", 50, 520, "rows", "")


def test_a_workers_report_through_beams_logger_reaches_the_callback() -> None:
    reports: list[Progress] = []
    with reports_to(reports.append):
        logging.getLogger(WORKER_LOGGER).warning(ENTRY % "")
    assert [report.advance for report in reports] == [50]


def test_other_records_are_no_reports() -> None:
    reports: list[Progress] = []
    with reports_to(reports.append):
        logging.getLogger("other").warning('message: "a: +1 of 2 rows "')
        logging.getLogger(WORKER_LOGGER).warning('message: "a: +1 of 2 rows "')
    assert reports == []
