"""Plans a run without making one: ``local_runner.py --dry-run``."""

import dataclasses
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.config import Settings
from pipeline.run_inputs import RunInputs
from runner import disk_need, environment, preparation, steps
from runner.diagnosis import diagnose
from runner.planning import costs, tables, text
from runner.planning.probe import Clocks, measure
from runner.run_request import RunRequest
from schemas.documents.plan import Plan, PlannedNode, PlannedShared, PlannedTable, Probe
from schemas.errors import ConfigError, DataRefusedError
from schemas.exit_codes import RunExit
from system.printable import error_line
from system.signals import sigterm_as_interrupt
from system.streams import quiet, write_utf8


@sigterm_as_interrupt()
def plan(request: RunRequest, *, as_json: bool = False) -> int:
    """Prints what a run would find in its tables and need, and returns the exit code.

    Nothing is written, and no photo but some of the train table's is read.

    Args:
      request: as for a run.
      as_json: print the document of ``schemas.documents.plan`` in place of text.
    """
    try:
        environment.check_versions()
        environment.check_name(request.folder)
        if request.uses_sample:
            raise ConfigError(
                "--dry-run plans a run on tables, and needs --train-csv. Received none. The drawn "
                "sample takes some minutes, 500 MiB of disk and 4 GiB of memory"
            )
        settings, inputs = request.settings(), request.inputs()
        with quiet(ConfigError, DataRefusedError), environment.prepared():
            document = _planned(settings, inputs)
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. Nothing was written.\n")
        return RunExit.OTHER
    # TFX and Beam raise errors of their own because of ours.
    except Exception as error:
        failure = diagnose(error)
        sys.stderr.write(error_line(failure.message))
        return failure.exit
    if as_json:
        write_utf8(json.dumps(document, ensure_ascii=False, indent=1) + "\n")
    else:
        text.print_plan(document)
    return document["exit"]


def _planned(settings: Settings, inputs: RunInputs) -> Plan:
    begin = Clocks.now()
    judged = list(tables.judged(inputs))
    shared = list(tables.shared(settings, judged))
    problems = list(tables.problems(settings, judged, shared))
    there = next(path for path in (inputs.output, *inputs.output.parents) if path.exists())
    free = shutil.disk_usage(there).free
    if problems:
        return _document(RunExit.DATA_REFUSED, problems, judged, shared, None, [], free)

    before = Clocks.now()
    create_pipeline, _ = preparation.load_tfx()
    loading = Clocks.now().since(before)
    before = Clocks.now()
    names, reused = planned_nodes(create_pipeline, settings, inputs)
    reading = Clocks.now().since(before)
    needs = list(disk_need.estimate(settings, inputs, reused))
    need, stored = disk_need.total(needs), sum(each.bytes for each in needs)
    root = inputs.image_root or inputs.train_csv.parent
    probe = measure(settings, str(inputs.train_csv), str(root), inputs.moods, loading)
    rows = costs.rows_of(settings, judged)
    has_baseline = inputs.serving.is_dir() and any(inputs.serving.iterdir())
    found = costs.planned(settings, rows, probe, names, reused, stored, has_baseline)
    nodes = [_reading_node(reading), *found]
    probe["seconds"] = Clocks.now().since(begin).wall
    if free < need.bytes:
        problems.append(
            f"The output folder needs about {need.bytes >> 20:,} MiB of free disk. Received: "
            f"{free >> 20:,} MiB at {there}. Free some, or choose another --output"
        )
    code = RunExit.CONFIG if problems else RunExit.PUSHED
    return _document(code, problems, judged, shared, probe, nodes, free)


def _reading_node(spent: Clocks) -> PlannedNode:
    return {
        "name": steps.READING_CSVS,
        "reused": False,
        "seconds": round(spent.wall, 1),
        "cpu_seconds": round(spent.cpu, 1),
        "peak_mib": 0,
        "disk_bytes": 0,
    }


def planned_nodes(
    create_pipeline: Any, settings: Settings, inputs: RunInputs
) -> tuple[list[str], frozenset[str]]:
    """Returns the pipeline's nodes in order, and those whose results would be taken over."""
    from tfx.dsl.compiler import compiler
    from tfx.orchestration import metadata

    from runner.planning.reused import reused_nodes

    is_known = inputs.metadata.is_file() or inputs.metadata_claim.is_file()
    with tempfile.TemporaryDirectory(prefix="pet-mood-plan-") as folder:
        # A pipeline keeps its schema in the output folder, and a plan must not make that.
        if not is_known:
            inputs = dataclasses.replace(inputs, output=Path(folder))
        compiled = compiler.Compiler().compile(create_pipeline(settings, inputs))
        names = [node.pipeline_node.node_info.id for node in compiled.nodes]
        if not is_known:
            return names, frozenset()
        from pipeline.metadata import store

        connection = store.connection(settings.metadata, inputs)
        with metadata.Metadata(connection) as handle:
            return names, frozenset(reused_nodes(handle.store, compiled))


def _document(
    code: RunExit,
    problems: list[str],
    judged: Sequence[PlannedTable],
    shared: Sequence[PlannedShared],
    probe: Probe | None,
    nodes: Sequence[PlannedNode],
    free: int,
) -> Plan:
    return {
        "exit": int(code),
        "problems": problems,
        "tables": list(judged),
        "shared": list(shared),
        "probe": probe,
        "nodes": list(nodes),
        "seconds": round(sum(node["seconds"] for node in nodes), 1),
        "cpu_seconds": round(sum(node["cpu_seconds"] for node in nodes), 1),
        "peak_mib": max((node["peak_mib"] for node in nodes), default=0),
        "disk_bytes": sum(node["disk_bytes"] for node in nodes),
        "free_bytes": free,
    }
