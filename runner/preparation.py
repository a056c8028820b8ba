"""What is done before the first node. Each step imports what it needs, the cheap checks first."""

import dataclasses
from typing import Any

from pipeline.config import Settings
from pipeline.run_inputs import RunInputs


def check_folder(settings: Settings, inputs: RunInputs) -> None:
    """Raises ConfigError if ML Metadata knows the output folder's results in another store."""
    from pipeline.metadata import store

    store.pipeline_name(settings.metadata, inputs)


def check_server(settings: Settings, inputs: RunInputs) -> None:
    """Raises ConfigError unless ML Metadata can be kept on the server that the settings name."""
    from pipeline.metadata import store

    store.check(settings.metadata, inputs)


def drawn(inputs: RunInputs) -> RunInputs:
    """Draws the sample, or finds it drawn, where ``inputs.train_csv`` says (a folder)."""
    from dataset.sample.writer import write_sample

    sample = write_sample(inputs.train_csv)
    return dataclasses.replace(inputs, train_csv=sample.train_csv, eval_csv=sample.eval_csv)


def check_weights(settings: Settings, inputs: RunInputs) -> None:
    """Downloads or reads the weights once, before hours of ingest rather than after them."""
    from models.network import classifier

    classifier.build(settings.model, len(inputs.moods))


def load_tfx() -> tuple[Any, Any]:
    """Returns the function that makes the pipeline, and the class that runs it."""
    # Some 20 s of imports, which a wrong setting must not wait for.
    from pipeline.pipeline import create_pipeline
    from runner.dag import DagRunner

    return create_pipeline, DagRunner
