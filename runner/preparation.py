"""The steps before the first node, the cheap checks first.

Each function imports its own libraries, so that a run that fails early does not wait for them.
"""

import contextlib
import dataclasses
import gc
import itertools
import sys
from collections.abc import Iterator
from typing import Any

from pipeline.config import Settings
from pipeline.run_inputs import RunInputs, csvs_by_split
from schemas.documents.run import CsvRecord
from schemas.errors import DataRefusedError
from schemas.splits import EVAL, TRAIN, VALIDATION
from system import manifest


def check_folder(settings: Settings, inputs: RunInputs) -> None:
    """Raises ConfigError if the output folder's results are recorded in another metadata store."""
    from pipeline.metadata import store

    store.pipeline_name(settings.metadata, inputs)


def check_pins(settings: Settings) -> None:
    """Raises ConfigError if old results are to be removed, and it is not known what is served."""
    if settings.retain.results:
        from runner.prune.command import served_pins

        served_pins(settings.retain.models_config)


def check_server(settings: Settings, inputs: RunInputs) -> None:
    """Raises ConfigError unless the settings' database server can keep ML Metadata."""
    from pipeline.metadata import store

    store.check(settings.metadata, inputs)


def draw_sample(settings: Settings, inputs: RunInputs) -> RunInputs:
    """Draws the sample into the folder ``inputs.train_csv``, unless it is there already.

    Its validation split is a CSV of its own, unless the settings take one from train.

    Returns:
      The inputs with the sample's CSVs.
    """
    from dataset.sample.settings import THREE_SPLITS
    from dataset.sample.writer import write_sample

    sample = write_sample(inputs.train_csv, THREE_SPLITS)
    return dataclasses.replace(
        inputs,
        train_csv=sample.train_csv,
        validation_csv=None if settings.data.validation_fraction else sample.validation_csv,
        eval_csv=sample.eval_csv,
    )


def csv_records(inputs: RunInputs) -> dict[str, CsvRecord]:
    """Returns path, size and SHA-256 of the CSVs by the split whose rows they have.

    Reading takes 1 s for some 500 MB, millions of rows.
    """
    evaluation = str(inputs.eval_csv) if inputs.eval_csv else None
    validation = str(inputs.validation_csv) if inputs.validation_csv else None
    records: dict[str, CsvRecord] = {}
    for split, path in csvs_by_split(str(inputs.train_csv), validation, evaluation).items():
        with open(path, "rb") as file:
            digest = manifest.sha256_of(file)
            records[split] = {"path": path, "sha256": digest, "bytes": file.tell()}
    return records


def check_names(settings: Settings, inputs: RunInputs) -> None:
    """Compares the clips and animals that each two CSVs name, before hours of ingest.

    Raises:
      DataRefusedError: more of them are in both than ``leak.`` allows, or a CSV cannot be used.
    """
    from dataset.split_names import Shared, names_in_both

    if inputs.eval_csv is None:
        return
    csvs = {TRAIN: inputs.train_csv, VALIDATION: inputs.validation_csv, EVAL: inputs.eval_csv}
    given = {split: str(path) for split, path in csvs.items() if path is not None}

    def excess(what: str, setting: str, shared: Shared, limit: int) -> Iterator[str]:
        if shared.number > limit:
            names = ", ".join(shared.examples)
            more = ", ..." if shared.number > len(shared.examples) else ""
            yield f"{what}: {shared.number}, {setting} allows {limit} ({names}{more}). "

    message = ""
    for first, second in itertools.combinations(given, 2):
        found = names_in_both(given[first], given[second])
        # Of two CSVs nobody needs to be told which is the other one.
        other = f" of {second}" if len(given) > 2 else ""
        for what, setting, shared, limit in (
            ("Clips", "leak.max_clips", found.clips, settings.leak.max_clips),
            ("Animals", "leak.max_groups", found.groups, settings.leak.max_groups),
        ):
            message += "".join(
                excess(f"{what}{other} that are also in {first}", setting, shared, limit)
            )
    if message:
        raise DataRefusedError(
            f"{message}The model would be judged by what it has learnt. For AI Hub's data, "
            "python -m dataset.prepare drops these clips from train or moves them to val "
            "(--animals-in-both). Else take them out of one CSV, give all rows as one CSV, which "
            "is split by animal, or raise the limit."
        )


def check_weights(settings: Settings, inputs: RunInputs) -> None:
    """Downloads or reads the weights once, before hours of ingest and not after them."""
    from models.network import classifier

    classifier.build(settings.model, len(inputs.moods))


def check_engine(settings: Settings, inputs: RunInputs) -> str:
    """Returns what an engine on other machines says of itself, before hours of work.

    Raises:
      ConfigError: it does not answer, or its workers hold another version of this project.
    """
    from pipeline.engine import check

    csvs = (inputs.train_csv, inputs.validation_csv, inputs.eval_csv, inputs.predict_csv)
    return check.check(settings.beam, inputs.artifacts, [csv for csv in csvs if csv])


def load_tfx() -> tuple[Any, Any]:
    """Returns the function that makes the pipeline, and the class that runs it."""
    # The imports take some 20 s, so the settings are checked before.
    with _left_out(_VALIDATOR), _uncollected():
        from pipeline.pipeline import create_pipeline
        from runner.nodes.dag import DagRunner

    return create_pipeline, DagRunner


_VALIDATOR = "kubernetes_validate"
"""Module of the development group, which uv run installs. TFX's InfraValidator imports Kubernetes'
client, which imports this one where it is there: a seventh of all imports' time, for nothing."""


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Keeps the garbage collector off what is made in the block, now and later.

    It looks through the 650,000 objects of all modules a dozen times in a run, 0.3 s each.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


@contextlib.contextmanager
def _left_out(module: str) -> Iterator[None]:
    """Lets imports in the block find no such module, unless it is imported already."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]


def check_devices(settings: Settings) -> str:
    """Returns what the training will run on, before hours of ingest and not after them.

    A warning is part of it if TensorFlow does not see a GPU that is there.

    Raises:
      ConfigError: if the settings need other devices, or the batch cannot be divided among them.
    """
    from models.training import devices

    return devices.check_before_run(settings.train)
