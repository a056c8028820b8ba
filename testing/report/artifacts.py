"""Artifacts and node runs as ``runner.nodes.dag`` hands them over."""

import json
from pathlib import Path

from report.node_run import NodeRun, NodeState, OutputArtifact
from schemas import artifacts
from schemas.documents.ingest import Ingest


def write_artifact(folder: Path, type_name: str, **documents: object) -> OutputArtifact:
    """Writes an artifact's JSON documents; "ingest__json" becomes ``ingest.json``."""
    folder.mkdir()
    for name, document in documents.items():
        (folder / name.replace("__", ".")).write_text(
            json.dumps(document, ensure_ascii=False), encoding="utf-8"
        )
    return OutputArtifact(type_name, str(folder), {})


def node_run(name: str, *outputs: OutputArtifact, state: NodeState = NodeState.DONE) -> NodeRun:
    """Returns a node that ran for 1.2346 s."""
    return NodeRun(name, 1.2346, state, outputs)


def ingest_run(folder: Path, ingest: Ingest) -> NodeRun:
    """Returns the PetExampleGen's run, whose rejects artifact is written below ``folder``."""
    return node_run(
        "PetExampleGen",
        OutputArtifact("Examples", "/nowhere", {}),
        write_artifact(folder / "rejects", artifacts.REJECTS_TYPE, ingest__json=ingest),
    )
