"""What the tests of ``models`` share, made once a session."""

import sys
from pathlib import Path

import pytest
import tensorflow as tf

from models import export
from models.label_index import LabelIndexer
from models.serving import ServingSpec

# Not as tests.unit.models.model_samples: TensorFlow Transform imports IPython, which puts a
# folder with a package of its own named "tests" on the path.
sys.path.insert(0, str(Path(__file__).parent))
import model_samples as samples


@pytest.fixture(scope="session")
def transform_graph(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Transform node's output folder for ``samples.MOODS``."""
    return samples.write_transform_graph(tmp_path_factory.mktemp("transform"), samples.MOODS)


@pytest.fixture(scope="session")
def indexer(transform_graph: str) -> LabelIndexer:
    """The indexer of that graph."""
    return LabelIndexer(transform_graph)


@pytest.fixture(scope="session")
def servable_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SavedModel around ``samples.quadrant_network``; boxes are widened by a quarter."""
    folder = tmp_path_factory.mktemp("servable")
    spec = ServingSpec(samples.MOODS, samples.SIDE, box_margin=0.25)
    export.write_servable(samples.quadrant_network(), spec, "none", str(folder))
    return folder


@pytest.fixture(scope="session")
def servable(servable_folder: Path) -> tf.Module:
    """The same, loaded."""
    return tf.saved_model.load(str(servable_folder))
