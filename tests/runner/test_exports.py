"""The exports of a pushed model, through LocalDagRunner: kept beside the version, and reused."""

import json
from pathlib import Path

import pytest

from pipeline import nodes
from schemas import exports
from system import manifest
from testing.pipeline.runs import run

pytestmark = pytest.mark.slow


def test_a_later_run_exports_the_model_that_was_pushed_before(pushed, colours, unlabelled) -> None:
    assert pushed.record["exports"] is None
    assert nodes.EXPORTER not in pushed.record["nodes"]

    done = run(pushed.output, *colours, "export.formats=onnx", predict_csv=unlabelled)
    assert done.exit == 0
    assert done.record["nodes"][nodes.TRAINER]["cached"]
    document = done.record["exports"]
    version = Path(done.record["pushed"]).name
    folder = done.output / "exports" / "pet_mood" / version
    assert (document["version"], document["folder"]) == (version, str(folder))
    (result,) = document["exports"]
    assert (result["format"], result["kept"], result["same_mood"]) == ("onnx", True, 1)
    assert 0 <= result["max_difference"] <= 1e-4
    assert document["rows"] == done.record["rows"]["eval"]["used"]
    assert json.loads((folder / exports.EXPORTS_JSON).read_text("utf-8")) == document
    assert manifest.check(folder / "onnx") is not None
    assert [path.name for path in folder.parent.iterdir()] == [version]
    # TensorFlow Serving's folder has the version and nothing else.
    assert [path.name for path in Path(done.record["pushed"]).parent.iterdir()] == [version]
    report = json.loads((done.output / "report.json").read_text("utf-8"))
    assert report["exports"] == document
