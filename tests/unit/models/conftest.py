"""Fixtures of the tests of ``models``, made once a session."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tensorflow as tf

from models import trainer
from models.inputs.label_index import LabelIndexer
from schemas import signatures
from testing.models import samples
from testing.models.servables import quadrant_servable


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
    return quadrant_servable(tmp_path_factory, box_margin=0.25)


@pytest.fixture(scope="session")
def servable(servable_folder: Path) -> tf.Module:
    """The same, loaded."""
    return tf.saved_model.load(str(servable_folder))


@pytest.fixture(scope="session")
def predict(servable: Any) -> samples.Ask:
    """Calls that servable: the signature's name, then inputs by name."""

    def call(signature: str = signatures.SERVE_IMAGE, **inputs: object) -> samples.Answer:
        outputs = servable.signatures[signature](**{k: tf.constant(v) for k, v in inputs.items()})
        return {name: tensor.numpy() for name, tensor in outputs.items()}

    return call


@pytest.fixture(scope="session")
def fn_args(tmp_path_factory: pytest.TempPathFactory, transform_graph: str) -> SimpleNamespace:
    """Arguments of TFX for ``run_fn``, as far as they are used."""
    folder = tmp_path_factory.mktemp("trainer")
    return SimpleNamespace(
        train_files=[samples.write_split(folder / "Split-train", 20, seed=0)],
        eval_files=[samples.write_split(folder / "Split-eval", 9, seed=100)],
        transform_graph_path=transform_graph,
        base_model=None,
        hyperparameters=None,
        model_run_dir=str(folder / "model_run" / "5"),
        serving_model_dir=str(folder / "model" / "5" / "Format-Serving"),
        custom_config=samples.CONFIG | {"backup_dir": str(folder / "backup_dir")},
    )


@pytest.fixture(scope="session")
def trained(fn_args: SimpleNamespace) -> SimpleNamespace:
    """The same after ``run_fn``."""
    trainer.run_fn(fn_args)
    return fn_args
