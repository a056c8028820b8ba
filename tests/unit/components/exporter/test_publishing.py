"""A version's exports appear whole, and each of them stands alone."""

import json
from pathlib import Path

import pytest

from components.exporter import publishing
from schemas import exports
from schemas.documents.exports import Exports
from system import manifest

pytestmark = pytest.mark.slow


def document(*kept: str) -> Exports:
    results = [
        {**exports.refused(name, "odd"), "kept": name in kept} for name in ("onnx", "litert")
    ]
    return {
        **{"version": "7", "folder": "", "rows": 1, "macro_f1": 0.5},
        **{"macro_f1_interval": [0.4, 0.6], "exports": results},
    }


def made_for(target: Path, servable: Path, content: str) -> Path:
    made = publishing.working_folder(str(target))
    (made / "onnx").mkdir()
    (made / "onnx" / "model.onnx").write_text(content)
    publishing.complete(made, str(servable), document("onnx"))
    return made


@pytest.fixture
def servable(tmp_path: Path) -> Path:
    extras = tmp_path / "servable" / "assets.extra"
    extras.mkdir(parents=True)
    for name in ("labels.json", "preprocessing.json"):
        (extras / name).write_text("{}")
    return extras.parent


def test_later_exports_replace_those_before(tmp_path: Path, servable: Path) -> None:
    target = tmp_path / "exports" / "pet_mood" / "7"
    for content in ("first", "second"):
        publishing.publish(made_for(target, servable, content), str(target))
        assert [path.name for path in target.parent.iterdir()] == ["7"]
    assert sorted(path.name for path in target.iterdir()) == ["exports.json", "onnx"]
    assert (target / "onnx" / "model.onnx").read_text() == "second"
    assert sorted(path.name for path in (target / "onnx").iterdir()) == [
        *("SHA256SUMS", "labels.json", "model.onnx", "preprocessing.json")
    ]
    assert manifest.check(target / "onnx") is not None


@pytest.mark.parametrize("kept", [True, False, None])
def test_a_format_without_the_locator_says_that_it_takes_photos_whole(
    kept: bool | None, tmp_path: Path, servable: Path
) -> None:
    spec = {"resolution": 64, "locator": {"resolution": 64, "min_score": 0.4}}
    asset = servable / "assets.extra" / "preprocessing.json"
    asset.write_text(json.dumps(spec))
    made = publishing.working_folder(str(tmp_path / "7"))
    (made / "onnx").mkdir()
    found = document("onnx")
    if kept is not None:
        found["exports"][0]["locator"] = {"kept": kept, "reason": "odd"}
    publishing.complete(made, str(servable), found)
    written = json.loads((made / "onnx" / "preprocessing.json").read_text())
    assert written == (spec if kept else {**spec, "locator": None})
    assert json.loads(asset.read_text()) == spec


def test_until_they_are_published_the_earlier_ones_are_there(
    tmp_path: Path, servable: Path
) -> None:
    target = tmp_path / "exports" / "pet_mood" / "7"
    publishing.publish(made_for(target, servable, "first"), str(target))
    made_for(target, servable, "second")  # Killed here.
    assert (target / "onnx" / "model.onnx").read_text() == "first"
    # The next try begins anew.
    assert list(publishing.working_folder(str(target)).iterdir()) == []
