"""Models for the tests of ``client``, made once per session."""

import shutil
from pathlib import Path

import keras
import pytest

from client.backends.checkpoint import CheckpointModel
from client.backends.expected_model import read_expected_model
from client.backends.saved_model import SavedModel
from client.backends.weight_path import read_model_info
from dataset.settings import DataSettings
from models.network import classifier
from models.servable import export
from models.servable.serving_spec import ServingSpec
from models.settings.network import ModelSettings
from system import manifest
from testing.models import quadrants
from testing.models.servables import quadrant_servable


@pytest.fixture(scope="session")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two versions around ``quadrants.quadrant_network``: 9 and 10."""
    folder = tmp_path_factory.mktemp("serving") / "pet_mood"
    servable = quadrant_servable(tmp_path_factory, DataSettings().box_margin)
    for name in ("9", "10"):
        shutil.copytree(servable, folder / name)
        manifest.write(folder / name)
    return folder


@pytest.fixture(scope="session")
def version(versions: Path) -> Path:
    """The higher of these versions."""
    return versions / "10"


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same network as a checkpoint, compiled as the Trainer compiles it."""
    model = quadrants.quadrant_network()
    model.compile("adam", "categorical_crossentropy", [keras.metrics.F1Score(average="macro")])
    path = tmp_path_factory.mktemp("run") / "best.keras"
    model.save(path)
    return path


@pytest.fixture(scope="session")
def label_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The label file of ``quadrants.MOODS``."""
    path = tmp_path_factory.mktemp("labels") / "label.json"
    path.write_text(
        '{"화남/불쾌": 0, "공포": 1, "행복/즐거움": 2, "편안/안정": 3}', encoding="utf-8"
    )
    return path


@pytest.fixture(scope="session")
def pushed(version: Path) -> SavedModel:
    """The higher version, loaded."""
    return SavedModel(version, read_model_info(version))


@pytest.fixture(scope="session")
def overhung(tmp_path_factory: pytest.TempPathFactory) -> SavedModel:
    """A version that takes boxes which overhang by the ingest's default share."""
    folder = tmp_path_factory.mktemp("overhung") / "1"
    data = DataSettings()
    spec = ServingSpec(
        quadrants.MOODS, quadrants.SIDE, data.box_margin, box_overhang=data.box_overhang
    )
    export.write_servable(quadrants.quadrant_network(), spec, "none", str(folder))
    return SavedModel(folder, read_model_info(folder))


@pytest.fixture(scope="session")
def restored(checkpoint: Path, label_file: Path) -> CheckpointModel:
    """The checkpoint, loaded."""
    return CheckpointModel(checkpoint, read_expected_model(None, None, label_file))


@pytest.fixture(scope="session")
def project_network() -> keras.Model:
    """The project's own network for three moods, with random weights."""
    keras.utils.set_random_seed(5)
    model = classifier.build(ModelSettings(weights="none", resolution=quadrants.SIDE), 3)
    head = model.get_layer("head")
    kernel, bias = head.get_weights()
    # An untrained backbone hardly tells pictures apart: this makes its predictions differ.
    head.set_weights([kernel * 1e6, bias])
    return model


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of a good picture and a broken one."""
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.png").write_bytes(quadrants.encoded(quadrants.red_at(2)))
    (folder / "b.png").write_bytes(b"broken")
    return folder
