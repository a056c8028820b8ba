"""Writers without TensorFlow: labelling, preparation, report, run record and small documents."""

import csv
import dataclasses
import datetime
import functools
import json
import secrets
from pathlib import Path
from unittest import mock

import pyarrow.parquet as pq
from PIL import Image

from client import inference
from client.backends.model_source import ModelSource
from client.batch import batch_command
from client.batch.predict_to_file import predict_to_file
from client.predict_request import PredictRequest
from dataset.aihub import command_line
from dataset.aihub.merge import csv_name
from dataset.aihub.preparation import SUMMARY_JSON, WORK_FOLDER
from dataset.csv_rows import read_rows
from dataset.sample.settings import SampleSettings
from dataset.sample.writer import write_sample
from pipeline.metadata import store
from pipeline.metadata.settings import MetadataSettings
from pipeline.run_inputs import RunInputs
from report import page
from report.results import Results
from runner.original_command import keep_checkpoint
from runner.run_record import FILE_NAME, RunRecord
from schemas.labels import DEFAULT_MOODS
from testing.aihub.clip_drafts import TreeSettings
from testing.aihub.tree import write_tree
from testing.faults.writer import Writer
from testing.report import documents, score_documents
from testing.serving.toy_batch import WidthModel

_PICTURES = 10


def labelling(ending: str) -> Writer:
    """Returns ``inference.py --out`` for a CSV or Parquet file, with a model that is quick."""

    def prepare(inputs: Path, before: Path) -> None:
        (inputs / "photos").mkdir()
        for number in range(_PICTURES):
            Image.new("RGB", (1 + number, 8)).save(inputs / "photos" / f"{number}.png")

    def run(inputs: Path, output: Path) -> int:
        request = PredictRequest(
            pictures=(str(inputs / "photos"),), out=output / f"moods{ending}", batch=2
        )
        small_parts = functools.partial(predict_to_file, part_rows=4)
        with (
            mock.patch.object(inference, "find_model_source", lambda _: _toy_source()),
            mock.patch.object(batch_command, "predict_to_file", small_parts),
        ):
            return inference.run(request)

    def read(output: Path) -> None:
        out = output / f"moods{ending}"
        if not out.exists():
            return
        if ending == ".csv":
            with out.open(encoding="utf-8", newline="") as file:
                assert len([*csv.DictReader(file)]) == _PICTURES
        else:
            assert pq.read_table(out).num_rows == _PICTURES

    return Writer(
        f"labelling, {ending[1:]}",
        prepare,
        run,
        read,
        working=("*.parts",),
        exit_on_error=2,
        refuses_finished=True,
    )


def _toy_source() -> ModelSource:
    return ModelSource(WidthModel, "toy", "toy")


def preparation() -> Writer:
    """Returns ``python -m dataset.prepare`` in place of an earlier run's tables."""

    def command(root: Path, output: Path) -> int:
        # Several chunks, though the tree is small.
        flags = ["--workers", "1", "--chunk-clips", "12"]
        return command_line.run_command(["--root", str(root), "--out", str(output), *flags], "")

    def prepare(inputs: Path, before: Path) -> None:
        sizes = TreeSettings(train_clips=3, val_clips=3, frames=3, long_side=96, short_side=64)
        write_tree(inputs / "tree", sizes)
        write_tree(inputs / "earlier", dataclasses.replace(sizes, train_clips=6))
        assert command(inputs / "earlier", before) == 0

    def run(inputs: Path, output: Path) -> int:
        return command(inputs / "tree", output)

    def read(output: Path) -> None:
        if not (output / SUMMARY_JSON).exists():
            return
        summary = json.loads((output / SUMMARY_JSON).read_text("utf-8"))
        for split, counts in summary["splits"].items():
            rows = [*read_rows(str(output / csv_name(split)))] if counts["frames"] else []
            assert len(rows) == counts["frames"]

    # The summary goes first: without it nobody takes the tables for belonging together.
    return Writer(
        "dataset.prepare", prepare, run, read,
        working=(WORK_FOLDER,), removed=(SUMMARY_JSON,), exit_on_error=2,
    )  # fmt: skip


def drawn_sample() -> Writer:
    """Returns the drawn sample in place of an earlier one with other settings."""

    def settings(seed: int) -> SampleSettings:
        return SampleSettings(
            seed=seed, train_clips=(1, 1, 0, 0, 0, 0), eval_clips=(1, 0, 0, 0, 0, 0),
            frames_per_clip=1, long_side=64, short_side=64, with_faults=False,
        )  # fmt: skip

    def prepare(inputs: Path, before: Path) -> None:
        write_sample(before / "sample_data", settings(1), workers=1)

    def run(inputs: Path, output: Path) -> None:
        write_sample(output / "sample_data", settings(2), workers=1)

    return Writer(
        "drawn sample", prepare, run, working=(".sample_data.old",), removed=("sample_data*",)
    )


def run_record() -> Writer:
    """Returns ``run.json`` in place of an earlier run's."""

    def write(output: Path, code: int) -> None:
        record = _record(output)
        record.exit = code
        record.write()

    def prepare(inputs: Path, before: Path) -> None:
        write(before, 1)

    def run(inputs: Path, output: Path) -> None:
        write(output, 0)

    def read(output: Path) -> None:
        assert json.loads((output / FILE_NAME).read_text("utf-8"))["exit"] in (0, 1)

    return Writer("run record", prepare, run, read)


def run_report() -> Writer:
    """Returns the page of a run, and its JSON, in place of an earlier run's."""

    def write(output: Path, macro_f1: float) -> None:
        record = _record(output)
        record.exit = 0
        record.results = Results(
            ingest=documents.ingest(), validation=documents.validation(),
            leaks=documents.leaks(), metrics=score_documents.metrics(),
        )  # fmt: skip
        assert record.results.metrics is not None
        record.results.metrics["model"]["macro_f1"] = macro_f1
        page.write(record.as_json(), record.results, None, output)

    def prepare(inputs: Path, before: Path) -> None:
        write(before, 0.25)

    def run(inputs: Path, output: Path) -> None:
        write(output, 0.5)

    def read(output: Path) -> None:
        html, document = output / page.HTML, output / page.JSON
        if html.exists():
            assert html.read_text("utf-8").rstrip().endswith("</html>")
            assert document.exists(), "a page without its document"

    return Writer("report", prepare, run, read, removed=(page.HTML, page.JSON, page.CARD))


def _record(output: Path) -> RunRecord:
    started = datetime.datetime(2026, 11, 23, 6, 15, tzinfo=datetime.timezone.utc)
    return RunRecord(output, output / "logs" / "run.log", started)


def kept_checkpoint() -> Writer:
    """Returns ``train.py``'s copy of the checkpoint in place of an earlier one."""

    def prepare(inputs: Path, before: Path) -> None:
        (inputs / "best.keras").write_bytes(bytes(range(256)) * 4096)
        (before / "best.keras").write_bytes(b"earlier")

    def run(inputs: Path, output: Path) -> None:
        record = _record(output)
        record.results.checkpoint = inputs / "best.keras"
        keep_checkpoint(record)

    return Writer("checkpoint of train.py", prepare, run)


def metadata_claim() -> Writer:
    """Returns the output folder's claim of its name in a shared database."""

    def prepare(inputs: Path, before: Path) -> None:
        pass

    def run(inputs: Path, output: Path) -> None:
        nothing = RunInputs(inputs, None, None, DEFAULT_MOODS, output)
        mysql = MetadataSettings(store="mysql", host="db", database="pets", user="pet")
        # The name has a random part.
        with mock.patch.object(secrets, "token_hex", lambda size: "00" * size):
            store.pipeline_name(mysql, nothing)

    return Writer("metadata claim", prepare, run)
