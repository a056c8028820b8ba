"""A third CSV from the ingest to the push: it alone chooses, and the eval CSV is judged on once."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from dataset.csv_rows import read_rows
from dataset.trained_on import SeenNames, TrainedOn
from pipeline import nodes
from report.translations import TEXTS
from schemas import artifacts, signatures
from schemas.splits import EVAL, FRAMES_FOLDER, TRAIN, VALIDATION, split_folder
from testing.models import small_network
from testing.pipeline.runs import FAST, Run, newest, run, run_data_stage, write_colours

CHOOSING = (
    "evaluate.calibrate=true",
    "train.epochs=4",
    "tune.trials=2",
    "tune.trial_epochs=1",
    "tune.learning_rate=0.01",
    *(f"tune.{name}=" for name in ("label_smoothing", "imbalance", "fine_tune", "strength")),
)
"""All that chooses: epochs, trials and a temperature."""


UNREADABLE = b"no shard" * 100
"""A few bytes would be read as no records; these have a wrong checksum."""


class ThreeSplits(NamedTuple):
    """The run, and its CSVs by split."""

    ended: Run
    csvs: dict[str, Path]


@pytest.fixture(scope="module")
def csvs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("colours")
    clips = {TRAIN: 8, VALIDATION: 2, EVAL: 2}
    return {split: write_colours(folder, split, number) for split, number in clips.items()}


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory, csvs: dict[str, Path]) -> Iterator[ThreeSplits]:
    """A whole run, of which Tuner and Trainer had no eval split that could be read."""
    output = tmp_path_factory.mktemp("three")
    given = (output, csvs[TRAIN], csvs[EVAL])
    validation = csvs[VALIDATION]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.network.classifier.new_backbone", small_network.new_backbone)
        settings = (*FAST, *CHOOSING)
        run_data_stage(*given, *settings, last_node=nodes.TRANSFORM, validation_csv=validation)
        examples = newest(output, "PetExampleGen/examples/*")
        folders = [examples / split_folder(EVAL), examples / FRAMES_FOLDER / split_folder(EVAL)]
        for folder in folders:
            hidden = folder.with_name("hidden")
            folder.rename(hidden)
            folder.mkdir()
            for shard in hidden.iterdir():
                (folder / shard.name).write_bytes(UNREADABLE)
        run_data_stage(*given, *settings, last_node=nodes.TRAINER, validation_csv=validation)
        for folder in folders:
            shutil.rmtree(folder)
            folder.with_name("hidden").rename(folder)
        yield ThreeSplits(run(*given, *CHOOSING, validation_csv=validation), csvs)


def test_what_chooses_never_reads_what_judges(three: ThreeSplits) -> None:
    record = three.ended.record
    assert three.ended.exit == 0
    # These are the nodes that ran while the eval split could not be read.
    assert record["nodes"][nodes.TUNER]["cached"]
    assert record["nodes"][nodes.TRAINER]["cached"]
    assert not record["nodes"][nodes.EVALUATOR]["cached"]
    assert record["tuner"] is not None
    assert record["tuner"]["rows"] == {TRAIN: 192, VALIDATION: 48}
    fitted = three.ended.artifact(nodes.TRAINER, "model_run", artifacts.TEMPERATURE_JSON)
    assert json.loads(fitted.read_text("utf-8"))["rows"] == 48


def test_every_eval_row_judges_although_a_temperature_was_fitted(three: ThreeSplits) -> None:
    metrics = three.ended.artifact(nodes.EVALUATOR, "evaluation", artifacts.METRICS_JSON)
    assert json.loads(metrics.read_text("utf-8"))["rows"] == 48


def test_record_and_report_name_the_splits(three: ThreeSplits) -> None:
    record = three.ended.record
    used = {split: rows["used"] for split, rows in record["rows"].items()}
    assert used == {TRAIN: 192, VALIDATION: 48, EVAL: 48}
    assert record["chosen_on"] == VALIDATION
    page = (three.ended.output / "report.html").read_text("utf-8")
    assert TEXTS["own_validation"][1] in page
    assert TEXTS["shared_rows"][1] not in page
    assert TEXTS["shared_rows"][1] not in Path(record["log"]).read_text("utf-8")


def test_the_pushed_model_knows_what_it_learned_from_and_was_chosen_on(three: ThreeSplits) -> None:
    path = Path(
        str(three.ended.record["pushed"]), signatures.EXTRAS_FOLDER, artifacts.TRAINED_ON_NPZ
    )
    known = SeenNames(TrainedOn.from_bytes(path.read_bytes(), str(path)).own)
    for split, csv in three.csvs.items():
        clips = [row.clip for row in read_rows(str(csv))]
        assert set(known.rows(clips, [None] * len(clips))) == {split != EVAL}


def test_a_third_csv_changes_no_byte_of_the_other_two(
    three: ThreeSplits, csvs: dict[str, Path], tmp_path: Path
) -> None:
    run_data_stage(tmp_path, csvs[TRAIN], csvs[EVAL], *FAST, last_node=nodes.EXAMPLE_GEN)
    for split in (TRAIN, EVAL):
        pair, of_three = (
            newest(output, f"PetExampleGen/examples/*/{split_folder(split)}")
            for output in (tmp_path, three.ended.output)
        )
        shards = {shard.name: shard.read_bytes() for shard in pair.iterdir()}
        assert shards == {shard.name: shard.read_bytes() for shard in of_three.iterdir()}
        assert shards
