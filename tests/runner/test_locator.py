"""A locator through the pipeline: scenes, training, gate, the pushed servable, and its answers."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from pipeline import nodes
from schemas import artifacts, exports, signatures
from schemas.documents.evaluation import Metrics
from schemas.documents.locating import LocatorScores
from testing.models import small_locator, small_network
from testing.pipeline.runs import Run, run, write_colours

SETTINGS = (
    "locate.enabled=true",
    "locate.resolution=64",
    "locate.judged_side=96",
    "locate.frames_per_clip=2",
    "locate.epochs=1",
    "locate.min_steps=20",
    "locate.min_score=0",
    "locate.min_found=0",
    "locate.max_false=1",
)
"""A locator that has learnt next to nothing, and finds something in each photo even so."""


@pytest.fixture(scope="module")
def csvs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("colours")
    return write_colours(folder, "train", clips=6), write_colours(folder, "val", clips=2)


def run_with(output: Path, csvs: tuple[Path, Path], *overrides: str) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.network.classifier.new_backbone", small_network.new_backbone)
        patch.setattr("models.location.network.build", small_locator.build)
        return run(output, *csvs, *SETTINGS, *overrides)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory, csvs: tuple[Path, Path]) -> Run:
    return run_with(tmp_path_factory.mktemp("located"), csvs, "export.formats=onnx")


def scores_of(ended: Run) -> LocatorScores:
    path = ended.artifact(nodes.LOCATOR, "model_run", artifacts.LOCATOR_JSON)
    document: LocatorScores = json.loads(path.read_text("utf-8"))
    return document


def metrics_of(ended: Run) -> Metrics:
    path = ended.artifact(nodes.EVALUATOR, "evaluation", artifacts.METRICS_JSON)
    document: Metrics = json.loads(path.read_text("utf-8"))
    return document


@pytest.mark.slow
def test_a_pushed_model_finds_the_animal_and_answers_as_if_its_box_were_given(
    ended: Run, csvs: tuple[Path, Path]
) -> None:
    assert ended.exit == 0
    scores = scores_of(ended)
    assert scores["scenes"] == 24  # Two frames of each of two clips of six moods.
    assert scores["passed"]
    loaded = tf.saved_model.load(ended.record["pushed"])
    paths = sorted(csvs[1].parent.glob("images/val*/*0.png"))
    photos = tf.constant([path.read_bytes() for path in paths])
    found = loaded.signatures[signatures.SERVE_IMAGE](image_bytes=photos)
    given = loaded.signatures[signatures.SERVE_BOX](image_bytes=photos, box=found[signatures.BOX])
    assert {*found[signatures.BOX_SOURCE].numpy()} == {b"found"}
    np.testing.assert_allclose(
        found[signatures.PROBABILITIES], given[signatures.PROBABILITIES], atol=1e-6
    )
    spec = json.loads(
        Path(ended.record["pushed"], signatures.EXTRAS_FOLDER, signatures.SPEC_ASSET).read_text()
    )
    assert spec["locator"] == {"resolution": 64, "min_score": 0.0}


@pytest.mark.slow
def test_the_evaluator_judges_boxes_given_found_and_whole_photos_side_by_side(ended: Run) -> None:
    boxes = metrics_of(ended)["boxes"]
    assert boxes is not None
    assert {*boxes} == {"given", "found", "whole"}
    assert {row["rows"] for row in boxes.values()} == {24}
    # The colour fills the box that is given.
    assert boxes["given"]["accuracy"] > boxes["whole"]["accuracy"]


@pytest.mark.slow
def test_the_clean_process_compares_the_places_that_are_found(ended: Run) -> None:
    path = ended.artifact(nodes.SERVABLE_CHECK, "blessing", artifacts.SERVABLE_JSON)
    checks = {check["check"]: check for check in json.loads(path.read_text("utf-8"))["checks"]}
    for name in ("tf2_loader_same_places", "tf1_loader_same_places"):
        assert checks[name]["passed"], checks[name]["message"]


@pytest.mark.slow
def test_the_export_has_the_locator_which_finds_what_the_servable_finds(ended: Run) -> None:
    document = ended.record["exports"]
    (result,) = document["exports"]
    located = result["locator"]
    assert located["kept"] and located["same_finds"] == 1.0, located["reason"]
    folder = Path(document["folder"], "onnx")
    assert (folder / exports.LOCATOR_FILES[exports.ONNX]).is_file()
    spec = json.loads((folder / signatures.SPEC_ASSET).read_text())
    assert spec["locator"] == {"resolution": 64, "min_score": 0.0}


@pytest.mark.slow
def test_a_locator_that_fails_its_gate_is_left_out_and_the_rest_is_pushed(
    ended: Run, csvs: tuple[Path, Path]
) -> None:
    again = run_with(ended.output, csvs, "locate.min_found=0.9", "locate.min_iou=0.99")
    assert again.exit == 0
    scores = scores_of(again)
    assert not scores["passed"]
    assert sorted(metrics_of(again)["boxes"] or ()) == ["given", "whole"]
    report = (again.output / "report.json").read_text("utf-8")
    assert json.loads(report)["locator"]["passed"] is False
    # The network was trained by the first run, and its rows were read by it.
    cached = {name: node["cached"] for name, node in again.record["nodes"].items()}
    assert cached[nodes.TRAINER] and not cached[nodes.LOCATOR]
