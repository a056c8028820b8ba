"""Runs for the tests: data that is quick to make and to learn, and the results of a run."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf
from PIL import Image, ImageDraw
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import RunOptions

from dataset.sample.rows import SampleRow, write_csv
from pipeline import config, nodes
from pipeline.pipeline import create_pipeline
from pipeline.run_inputs import RunInputs
from runner import local
from runner.run_request import RunRequest
from schemas import features
from schemas.documents.run import Run as RunRecord
from schemas.labels import DEFAULT_MOODS
from testing.models.colour_network import COLOURS

ALIKE = "leak.max_picture_share=1"
"""Allows leaks: the pictures of one mood look alike in every clip, in train and in eval."""
FAST = (
    ALIKE,
    "model.resolution=32",
    "model.batch_norm_momentum=0.5",
    "train.epochs=6",
    "train.batch_size=16",
    "train.learning_rate=0.003",
)


class Run(NamedTuple):
    """A run that has ended.

    Attributes:
      exit: its exit code.
      output: its output folder, which later runs may use too.
      record: ``run.json`` as of its end.
    """

    exit: int
    output: Path
    record: RunRecord

    def artifact(self, node: str, key: str, name: str) -> Path:
        """Returns the newest file of that name among a node's outputs."""
        paths = sorted(
            (self.output / "pipeline" / node / key).glob(f"*/{name}"),
            key=lambda path: int(path.relative_to(self.output).parts[3]),
        )
        return paths[-1]


def run(
    output: Path,
    train_csv: Path,
    eval_csv: Path | None,
    *overrides: str,
    predict_csv: Path | None = None,
    validation_csv: Path | None = None,
    mlflow: str | None = None,
) -> Run:
    """Runs the pipeline in this process, quickly."""
    request = RunRequest(
        train_csv=train_csv,
        eval_csv=eval_csv,
        predict_csv=predict_csv,
        validation_csv=validation_csv,
        output=output,
        preset="quick",
        overrides=(*FAST, *overrides),
        mlflow=mlflow,
    )
    code = local.run(request)
    return Run(code, output, record_of(output))


def record_of(output: Path) -> RunRecord:
    """Returns ``run.json`` as of now."""
    document: RunRecord = json.loads((output / "run.json").read_text("utf-8"))
    return document


def run_data_stage(
    output: Path,
    train_csv: Path,
    eval_csv: Path | None,
    *overrides: str,
    last_node: str = nodes.DATA_GATE,
    validation_csv: Path | None = None,
) -> Path:
    """Runs the pipeline's nodes up to the DataGate, or another, and returns the output folder."""
    settings = config.load("quick", None, ["model.resolution=32", *overrides])
    inputs = RunInputs(
        train_csv, eval_csv, None, DEFAULT_MOODS, output, validation_csv=validation_csv
    )
    pipeline = create_pipeline(settings, inputs)
    LocalDagRunner().run(pipeline, run_options=RunOptions(to_nodes=[last_node]))
    return output


def bulk_predictions(shards: Iterable[Path]) -> dict[str, tuple[str, str, list[float]]]:
    """Returns BulkInferrer's predictions: status, mood and probabilities by image path."""
    predictions = {}
    files = tf.data.TFRecordDataset([str(shard) for shard in shards], compression_type="GZIP")
    for record in files.as_numpy_iterator():
        feature = tf.train.Example.FromString(record).features.feature
        assert features.LABEL not in feature
        path, status, mood = (
            feature[name].bytes_list.value[0].decode("utf-8")
            for name in (features.IMAGE_PATH, features.PREDICTED_STATUS, features.PREDICTED_MOOD)
        )
        assert path not in predictions
        predictions[path] = (
            status,
            mood,
            [*feature[features.PREDICTED_PROBABILITIES].float_list.value],
        )
    return predictions


def newest(output: Path, pattern: str) -> Path:
    """Returns the newest file or folder that matches below the pipeline's root."""
    return sorted(output.glob(f"pipeline/{pattern}"), key=os.path.getmtime)[-1]


def write_colours(folder: Path, name: str, clips: int, frames: int = 4) -> Path:
    """Writes a CSV and its photos, where the colour inside the box shows the mood."""
    rows = []
    for clip in range(clips):
        for index, mood in enumerate(DEFAULT_MOODS):
            for frame in range(frames):
                path = f"images/{name}-{index}-{clip}/frame_{frame}_timestamp_{200 * frame}.png"
                image = Image.new("RGB", (96, 64), "grey")
                left = 10 + 3 * frame + clip % 7
                ImageDraw.Draw(image).rectangle((left, 12, left + 39, 51), COLOURS[index])
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                image.save(folder / path)
                rows.append(
                    SampleRow(
                        path,
                        f"12,{left},40,40",
                        mood,
                        ("CAT", "DOG")[clip % 2],
                        f"{name}-{index}-{clip}",
                    )
                )
    csv = folder / f"{name}.csv"
    write_csv(csv, rows, from_windows=False)
    return csv
