"""An export answers as the servable does, and what is no export is refused."""

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from client.backends import export_path
from client.backends.model_source import ModelFlags, find_model_source
from client.backends.saved_model import SavedModel
from client.backends.weight_path import read_model_info
from dataset.boxes import PixelBox
from schemas import exports, signatures
from schemas.errors import ConfigError
from system import manifest
from testing.models import quadrants
from testing.models.exported import write_quadrant_export
from testing.models.quadrants import encoded, mottled, red_at
from testing.models.servables import finding_servable

pytestmark = pytest.mark.slow

PHOTOS = [
    encoded(red_at(2, 90, 60)),
    encoded(mottled(120, 200), "JPEG", quality=90),
    encoded(red_at(0, 40, 70), "JPEG", orientation=quadrants.ON_ITS_SIDE),
    b"no picture",
    encoded(mottled(50, 50, 1), "GIF"),
    encoded(mottled(64, 64, 2), "BMP"),
]
BOX = PixelBox(5, 4, 30, 31)


@pytest.fixture(scope="module")
def export(version: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Returns the folder of an export in a format."""
    folder = tmp_path_factory.mktemp("exports")

    def made(name: str) -> Path:
        if not (folder / name).exists():
            write_quadrant_export(version, name, folder / name)
        return folder / name

    return made


# Tracing the preprocessing takes ten seconds: not every runtime is asked everything.
@pytest.mark.parametrize(("name", "boxed"), [("onnx", False), ("openvino", True)])
def test_answers_and_statuses_are_the_servables(
    name: str, boxed: bool, export: Callable[[str], Path], pushed: SavedModel
) -> None:
    source = find_model_source(ModelFlags(export(name)))
    assert source.warning == ""
    model = source.load()
    # The last ones are in a second chunk; one photo needs so much memory that it is decoded alone,
    # and one box lies outside.
    large = encoded(red_at(3, 4200, 4100), compress_level=1)  # Above 2 ** 24 pixels.
    photos = [*(PHOTOS * 11)[:64], large, *PHOTOS[:2]]
    boxes = [*([BOX] * 66), PixelBox(10_000, 0, 30, 30)] if boxed else None
    expected, got = pushed.predict(photos, boxes), model.predict(photos, boxes)
    assert [each[:2] for each in got] == [each[:2] for each in expected]
    # Status, mood, and what comes after the probabilities.
    assert [each[3:] for each in got] == [each[3:] for each in expected]
    assert got[3].status == signatures.STATUS_IMAGE_UNREADABLE
    if boxed:
        assert got[-1].status == signatures.STATUS_BOX_OUTSIDE_IMAGE
    else:
        assert got[64].mood == quadrants.MOODS[3]
    for one, other in zip(got, expected, strict=True):
        assert [*one.probabilities] == [*other.probabilities]
        np.testing.assert_allclose(
            [*one.probabilities.values()], [*other.probabilities.values()], atol=1e-5
        )


@pytest.fixture(scope="module")
def finding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A servable that finds red."""
    return finding_servable(tmp_path_factory, 0.05)


def test_an_export_with_a_locator_finds_what_the_servable_finds(
    finding: Path, tmp_path: Path
) -> None:
    folder = write_quadrant_export(finding, "onnx", tmp_path / "onnx", with_locator=True)
    model = find_model_source(ModelFlags(folder)).load()
    photos = [
        encoded(red_at(2, 90, 160)),
        encoded(mottled(120, 200), "JPEG", quality=90),
        b"no picture",
        encoded(np.zeros((40, 50, 3), np.uint8)),  # No animal.
        encoded(red_at(0, 40, 70), "JPEG", orientation=quadrants.ON_ITS_SIDE),
    ]
    expected = SavedModel(finding, read_model_info(finding)).predict(photos, None)
    statuses = [each.status for each in expected]
    assert statuses[2:4] == [signatures.STATUS_IMAGE_UNREADABLE, signatures.STATUS_NO_ANIMAL]
    assert expected[0].box_source == expected[4].box_source == signatures.BOX_FOUND
    for one, other in zip(model.predict(photos, None), expected, strict=True):
        assert one._replace(probabilities={}, found=0) == other._replace(probabilities={}, found=0)
        assert one.found == pytest.approx(other.found, abs=1e-4)
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-4)
    # A box that is given wins.
    (given,) = model.predict(photos[:1], [PixelBox(0, 0, 40, 60)])
    assert (given.box, given.box_source) == (PixelBox(0, 0, 40, 60), signatures.BOX_GIVEN)


def test_an_export_of_before_its_locator_was_exported_takes_photos_as_a_whole(
    finding: Path, tmp_path: Path
) -> None:
    folder = write_quadrant_export(finding, "onnx", tmp_path / "onnx")
    (response,) = find_model_source(ModelFlags(folder)).load().predict(PHOTOS[:1], None)
    assert (response.box, response.box_source) == (PixelBox(0, 0, 90, 60), signatures.BOX_WHOLE)


def test_limits_and_threshold_are_those_beside_the_export(
    export: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = tmp_path / "small"
    shutil.copytree(export("litert"), folder)
    spec = json.loads((folder / signatures.SPEC_ASSET).read_text())
    changes = {"max_image_pixels": 1600, "unsure_below": quadrants.RED_PROBABILITY + 1e-4}
    (folder / signatures.SPEC_ASSET).write_text(json.dumps(spec | changes))
    manifest.write(folder)
    model = find_model_source(ModelFlags(folder / "model.tflite")).load()
    photos = [encoded(red_at(1, 40, 40)), encoded(red_at(1, 40, 41))]
    got = model.predict(photos, None)
    assert [one.mood for one in got] == [quadrants.MOODS[1], ""]
    assert [one.unsure for one in got] == [True, False]
    assert [one.status for one in got] == [
        *(signatures.STATUS_OK, signatures.STATUS_IMAGE_TOO_LARGE)
    ]


def test_a_changed_file_is_refused_and_a_missing_manifest_warned_of(
    export: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = tmp_path / "export"
    shutil.copytree(export("onnx"), folder)
    (folder / manifest.FILE).unlink()
    assert "nothing vouches for its contents" in find_model_source(ModelFlags(folder)).warning
    manifest.write(folder)
    with (folder / "model.onnx").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ConfigError, match=r"model\.onnx changed"):
        find_model_source(ModelFlags(folder))


def test_what_is_beside_an_export_must_fit_it(
    export: Callable[[str], Path], tmp_path: Path
) -> None:
    def changed(name: str, text: str) -> Path:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        shutil.copytree(export("onnx"), folder)
        (folder / name).write_text(text)
        manifest.write(folder)
        return folder

    spec = {"resolution": 33, "box_margin": 0.1, "box_overhang": 0.1}
    limits = {"max_image_pixels": 10**6, "max_image_bytes": 10**6}
    for name, text, message in (
        ("labels.json", "[]", "labels.json"),
        ("labels.json", '{"a": 0, "b": 1}', "probabilities of 2 moods"),
        ("preprocessing.json", "{}", "has no resolution"),
        ("preprocessing.json", json.dumps(spec), "must have box_margin"),
        ("preprocessing.json", json.dumps(spec | limits), "pictures of 33 pixels"),
        ("preprocessing.json", json.dumps(spec | limits | {"box_overhang": 0.6}), "box_overhang"),
        ("preprocessing.json", json.dumps(spec | limits | {"box_margin": math.inf}), "box_margin"),
        (
            "preprocessing.json",
            json.dumps(spec | limits | {"max_image_pixels": 10**12}),
            "must have",
        ),
        ("preprocessing.json", json.dumps(spec | limits | {"unsure_below": math.nan}), "unsure"),
        ("preprocessing.json", json.dumps(spec | limits | {"unsure_below": [1]}), "unsure_below"),
        ("model.onnx", "no model", "cannot be loaded"),
    ):
        with pytest.raises(ConfigError, match=message):
            find_model_source(ModelFlags(changed(name, text))).load()


def test_a_missing_runtime_is_named(
    export: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_path, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"needs the package onnxruntime.*--extra export"):
        find_model_source(ModelFlags(export("onnx")))


def test_a_folder_of_exports_is_no_export(export: Callable[[str], Path]) -> None:
    assert export_path.export_at(export("onnx").parent) is None
    assert exports.folder_beside("out/serving/pet_mood/") == "out/exports/pet_mood"
