"""From log records to reports, from this process and from Beam's workers."""

import logging

from dataset import progress
from dataset.progress import Progress
from runner.progress_feed import from_worker_entry, reports_to

ENTRY = """severity: INFO
timestamp {
  seconds: 1763870400
  nanos: 5000000
}
message: "read train: +50 of 520 rows %s"
log_location: "dataset/progress.py:31"
thread: "Thread-12"
"""
"""What Beam 2.65 logs of a worker's report; ``test_runs_through_tfx`` makes it with Beam."""


def test_a_report_reaches_the_listener_while_it_listens() -> None:
    heard: list[Progress] = []
    with reports_to(heard.append):
        progress.report("read", 5, 10, "rows", "half")
    progress.report("read", 5, 10, "rows")
    assert heard == [Progress("read", 5, 10, "rows", "half")]


def test_a_workers_report_comes_through_its_text() -> None:
    report = from_worker_entry(ENTRY % "shard 3")
    assert report == Progress("read train", 50, 520, "rows", "shard 3")


def test_a_workers_report_without_a_note_comes_through() -> None:
    assert from_worker_entry(ENTRY % "") == Progress("read train", 50, 520, "rows", "")


def test_beams_root_logger_is_listened_to() -> None:
    heard: list[Progress] = []
    with reports_to(heard.append):
        logging.getLogger().warning(ENTRY % "")
    assert [report.advance for report in heard] == [50]


def test_other_records_are_no_reports() -> None:
    heard: list[Progress] = []
    with reports_to(heard.append):
        logging.getLogger("other").warning('message: "a: +1 of 2 rows "')
        logging.getLogger().warning('message: "a: +1 of 2 rows "')
    assert heard == []
