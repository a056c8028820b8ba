"""The Evaluator's executor on Examples that say what each toy predicts."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow as tf
from tfx.components.evaluator import constants
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import standard_artifacts

from components.artifact_types import Predictions, Rejects
from components.evaluator import executor, predictions_table
from dataset.trained_on import TrainedOn
from schemas import artifacts, features, signatures
from schemas.splits import EVAL, TRAIN, split_folder
from testing.models.prediction_tables import (
    MOODS,
    Row,
    row_columns_of,
)

BEAM = ("--runner=DirectRunner", "--direct_running_mode=in_memory", "--direct_num_workers=1")


class Evaluated(NamedTuple):
    """The executor's outputs."""

    metrics: dict[str, Any]
    evaluation: Path
    predictions: Path
    blessing: standard_artifacts.ModelBlessing

    @property
    def failed(self) -> dict[str, str]:
        checks = self.metrics["verdict"]["checks"]
        return {check["check"]: check["message"] for check in checks if not check["passed"]}


class Toy(tf.Module):
    """Returns the probabilities that an Example holds under this predictor's name."""

    def __init__(self, name: str, moods: Sequence[str]) -> None:
        super().__init__()
        self._key, self._moods = f"toy/{name}", moods

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name=signatures.EXAMPLES)])
    def predict(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        spec = tf.io.FixedLenFeature([len(MOODS)], tf.float32, [0.0] * len(MOODS))
        sound = tf.strings.length(examples) > 0
        parsed = tf.io.parse_example(examples, {self._key: spec})[self._key]
        count = tf.shape(examples)[0]
        return {
            signatures.PROBABILITIES: parsed,
            signatures.MOODS: tf.tile(tf.constant([self._moods]), [count, 1]),
            signatures.STATUS: tf.where(
                sound, signatures.STATUS_OK, signatures.STATUS_IMAGE_UNREADABLE
            ),
        }


def save_toy(
    folder: Path,
    name: str,
    moods: Sequence[str] = MOODS,
    trained_on: TrainedOn | None = None,
    **preprocessing: object,
) -> str:
    toy = Toy(name, moods)
    tf.saved_model.save(toy, str(folder), signatures={signatures.SERVE_EXAMPLE: toy.predict})
    extras = folder / signatures.EXTRAS_FOLDER
    extras.mkdir()
    (extras / signatures.SPEC_ASSET).write_text(json.dumps(preprocessing), "utf-8")
    if trained_on is not None:
        (extras / artifacts.TRAINED_ON_NPZ).write_bytes(trained_on.to_bytes())
    return str(folder)


def write_examples(
    path: Path, rows_by_predictor: Mapping[str, Sequence[Row]], lines: Sequence[int]
) -> None:
    columns = row_columns_of(rows_by_predictor[predictions_table.MODEL])
    path.parent.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for index, line in enumerate(lines):
            texts = {
                features.IMAGE_PATH: columns[predictions_table.PATH][index],
                features.CLIP: columns[predictions_table.CLIP][index],
                features.SPECIES: columns[predictions_table.SPECIES][index],
                features.LABEL: columns[predictions_table.LABEL][index],
            }
            numbers = {
                features.BOX_AREA: [columns[predictions_table.BOX_AREA][index]],
                features.BRIGHTNESS: [columns[predictions_table.BRIGHTNESS][index]],
                features.SHARPNESS: [columns[predictions_table.SHARPNESS][index]],
                features.CONTRAST: [columns[predictions_table.CONTRAST][index]],
            } | {
                f"toy/{name}": rows[index].probabilities()
                for name, rows in rows_by_predictor.items()
            }
            example = tf.train.Example()
            for key, text in texts.items():
                if text is not None:
                    example.features.feature[key].bytes_list.value.append(text.encode())
            for key, values in numbers.items():
                example.features.feature[key].float_list.value.extend(values)
            example.features.feature[features.SOURCE_LINE].int64_list.value.append(line)
            writer.write(example.SerializeToString())


def evaluate(
    folder: Path,
    servables: Path,
    rows_by_predictor: Mapping[str, Sequence[Row]],
    lines: Sequence[int] | None = None,
    baseline: str = predictions_table.BASELINE,
    **settings: object,
) -> Evaluated:
    """Runs the executor on Examples for which the toys give these predictions."""
    rows = rows_by_predictor[predictions_table.MODEL]
    write_examples(
        folder / "examples" / split_folder(EVAL) / "shard.tfrecord",
        rows_by_predictor,
        lines or range(2, 2 + len(rows)),
    )
    (folder / "rejects").mkdir()
    counts = {mood: sum(row.mood == mood for row in rows) for mood in MOODS}
    (folder / "rejects" / artifacts.INGEST_JSON).write_text(
        json.dumps({"splits": {EVAL: {"used": len(rows), "moods": counts}}}), "utf-8"
    )

    def artifact_list(kind: Any, uri: Path, id_: int = 0) -> list[Any]:
        Path(uri).mkdir(exist_ok=True, parents=True)
        artifact = kind()
        artifact.uri, artifact.id = str(uri), id_
        if kind is standard_artifacts.Examples:
            artifact.split_names = json.dumps([TRAIN, EVAL])
        return [artifact]

    models = standard_artifacts.Model
    inputs = {
        "examples": artifact_list(standard_artifacts.Examples, folder / "examples"),
        "rejects": artifact_list(Rejects, folder / "rejects"),
        "model": artifact_list(models, servables / predictions_table.MODEL, 7),
        "baseline_model": artifact_list(models, servables / baseline)
        if predictions_table.BASELINE in rows_by_predictor
        else [],
    }
    outputs = {
        "evaluation": artifact_list(standard_artifacts.ModelEvaluation, folder / "evaluation"),
        "blessing": artifact_list(standard_artifacts.ModelBlessing, folder / "blessing"),
        "predictions": artifact_list(Predictions, folder / "predictions"),
    }
    context = BaseBeamExecutor.Context(
        beam_pipeline_args=list(BEAM), tmp_dir=str(folder), unique_id="1"
    )
    executor.Executor(context).Do(inputs, outputs, {executor.SETTINGS: json.dumps(settings)})
    metrics = json.loads((folder / "evaluation" / artifacts.METRICS_JSON).read_text("utf-8"))
    return Evaluated(
        metrics,
        folder / "evaluation",
        folder / "predictions" / artifacts.PREDICTIONS_PARQUET,
        outputs["blessing"][0],
    )


def is_blessed(blessing: standard_artifacts.ModelBlessing) -> bool:
    blessed = blessing.get_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY)
    assert Path(blessing.uri, constants.BLESSED_FILE_NAME).exists() == bool(blessed)
    return bool(blessed)
