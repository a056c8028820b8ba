"""A run that has pushed a model."""

import copy
import datetime
from pathlib import Path

import pytest

from report.node_run import NodeRun, NodeState
from report.results import Results
from runner.run_record import RunRecord
from testing.runner.summaries import INGEST, METRICS, WARNING


@pytest.fixture
def record(tmp_path: Path) -> RunRecord:
    started = datetime.datetime(2026, 11, 23, tzinfo=datetime.timezone.utc)
    record = RunRecord(tmp_path, tmp_path / "run.log", started, exit=0, seconds=83.0)
    record.nodes = {
        "Trainer": NodeRun("Trainer", 1.0, NodeState.REUSED),
        "Pusher": NodeRun("Pusher", 1.0, NodeState.DONE),
    }
    record.results = Results(
        ingest=copy.deepcopy(INGEST),
        rejects_csv=tmp_path / "rejects.csv",
        validation={"verdict": "ok", "findings": [WARNING]},
        metrics=copy.deepcopy(METRICS),
        servable={"passed": True, "pictures": 8, "checks": []},
        pushed=tmp_path / "serving" / "17",
    )
    return record
