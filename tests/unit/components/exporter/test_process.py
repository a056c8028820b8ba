"""What ends a process of the exports costs one format."""

import sys
from pathlib import Path

import pytest

from components.exporter import process
from schemas.documents.exports import ExportJob

# Does what its formats are named: "good" is kept, "abort" ends the process, and "halfway" ends it
# with a network that is kept and half of a locator.
_STAND_IN = """
import json, os, pathlib, sys
job = json.loads(pathlib.Path(sys.argv[1]).read_text())
folder = pathlib.Path(job["folder"])
asked = {"rows": 3, "macro_f1": 0.5, "macro_f1_interval": [0.4, 0.6]}
(folder / "asked.json").write_text(json.dumps(asked))
for name in job["formats"]:
    if name == "abort":
        print("LLVM ERROR: odd", file=sys.stderr, flush=True)
        os.abort()
    (folder / name).mkdir()
    if name == "halfway":
        (folder / name / "model.onnx").touch()
        (folder / name / "locator.float.onnx").touch()
        result = {"format": name, "kept": True, "locator": None}
        (folder / f"{name}.network.json").write_text(json.dumps(result))
        os.abort()
    (folder / f"{name}.json").write_text(json.dumps({"format": name, "kept": True}))
"""


def job(folder: Path, *formats: str) -> ExportJob:
    nothing = {"shards": [], "total": 0}
    return {
        **{
            "checkpoint": "",
            "locator": "",
            "servable": "",
            "formats": list(formats),
            "folder": str(folder),
        },
        **{"eval": nothing, "train": nothing, "rows": 1, "calibration_rows": 1},
    }


def test_a_format_whose_converter_aborts_is_refused_and_the_others_are_made(tmp_path: Path) -> None:
    command = (sys.executable, "-c", _STAND_IN)
    asked, results = process.make(job(tmp_path, "good", "abort", "last"), command)
    assert asked["rows"] == 3
    assert [(result["format"], result["kept"]) for result in results] == [
        *(("good", True), ("abort", False), ("last", True))
    ]
    assert "exit code -6: LLVM ERROR: odd" in results[1]["reason"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good", "last"]


def test_a_locator_whose_converter_aborts_costs_no_network(tmp_path: Path) -> None:
    command = (sys.executable, "-c", _STAND_IN)
    _, results = process.make(job(tmp_path, "good", "halfway", "last"), command)
    assert [(result["format"], result["kept"]) for result in results] == [
        *(("good", True), ("halfway", True), ("last", True))
    ]
    located = results[1]["locator"]
    assert located is not None and not located["kept"]
    assert "exit code -6" in located["reason"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good", "halfway", "last"]
    assert [path.name for path in (tmp_path / "halfway").iterdir()] == ["model.onnx"]


def test_a_process_that_cannot_ask_the_servable_is_an_error(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "raise SystemExit('no servable')")
    with pytest.raises(process.ExportError, match="exit code 1, and on stderr: no servable"):
        process.make(job(tmp_path, "good"), command)
