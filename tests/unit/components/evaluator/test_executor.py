"""The Evaluator's executor with toy servables: what it writes and whom it blesses."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
import tensorflow_model_analysis as tfma
from tfx.components.evaluator import constants
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import channel, standard_artifacts

from components.artifact_types import Predictions, Rejects
from components.evaluator import analysis, executor, measures, predictions_table
from components.evaluator.component import Evaluator
from components.evaluator.settings import EvaluateSettings
from dataset.calibration_split import is_calibration_clip
from schemas import artifacts, features, signatures
from schemas.errors import ConfigError
from testing.models.prediction_tables import MOODS, TWELVE, Row, clips_of, facts_of, tally_of

BEAM = ("--runner=DirectRunner", "--direct_running_mode=in_memory", "--direct_num_workers=1")
DECENT = clips_of("a", 16, 3, "b") + clips_of("b", 10, 3, "c") + clips_of("c", 10, 3, "a")


class Judged(NamedTuple):
    """What the executor put out."""

    metrics: dict
    evaluation: Path
    predictions: Path
    blessing: standard_artifacts.ModelBlessing

    @property
    def failed(self) -> dict[str, str]:
        checks = self.metrics["verdict"]["checks"]
        return {one["check"]: one["message"] for one in checks if not one["passed"]}


class Toy(tf.Module):
    """Answers an Example with the probabilities that it holds under this answerer's name."""

    def __init__(self, name: str, moods: Sequence[str]) -> None:
        super().__init__()
        self._key, self._moods = f"toy/{name}", moods

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name=signatures.EXAMPLES)])
    def answer(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
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


def save_toy(folder: Path, name: str, moods: Sequence[str] = MOODS) -> str:
    toy = Toy(name, moods)
    tf.saved_model.save(toy, str(folder), signatures={signatures.SERVE_EXAMPLE: toy.answer})
    return str(folder)


@pytest.fixture(scope="module")
def servables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models as the Trainer leaves them: a folder each, with the servable below."""
    folder = tmp_path_factory.mktemp("servables")
    for name in (predictions_table.MODEL, predictions_table.BASELINE, predictions_table.COMPARED):
        save_toy(folder / name / "Format-Serving", name)
    save_toy(folder / "other_moods" / "Format-Serving", "other_moods", ("x", "y", "z"))
    return folder


@pytest.fixture(scope="module")
def twelve(tmp_path_factory: pytest.TempPathFactory, servables: Path) -> Judged:
    """The executor's work on the twelve rows."""
    return judge(tmp_path_factory.mktemp("twelve"), servables, {predictions_table.MODEL: TWELVE})


def write_examples(path: Path, answers: Mapping[str, Sequence[Row]], lines: Sequence[int]) -> None:
    facts = facts_of(answers[predictions_table.MODEL])
    path.parent.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for place, line in enumerate(lines):
            texts = {
                features.IMAGE_PATH: facts[predictions_table.PATH][place],
                features.CLIP: facts[predictions_table.CLIP][place],
                features.SPECIES: facts[predictions_table.SPECIES][place],
                features.LABEL: facts[predictions_table.LABEL][place],
            }
            numbers = {
                features.BOX_AREA: [facts[predictions_table.BOX_AREA][place]],
                features.BRIGHTNESS: [facts[predictions_table.BRIGHTNESS][place]],
                features.SHARPNESS: [facts[predictions_table.SHARPNESS][place]],
                features.CONTRAST: [facts[predictions_table.CONTRAST][place]],
            } | {f"toy/{name}": rows[place].probabilities() for name, rows in answers.items()}
            example = tf.train.Example()
            for key, text in texts.items():
                if text is not None:
                    example.features.feature[key].bytes_list.value.append(text.encode())
            for key, values in numbers.items():
                example.features.feature[key].float_list.value.extend(values)
            example.features.feature[features.SOURCE_LINE].int64_list.value.append(line)
            writer.write(example.SerializeToString())


def judge(
    folder: Path,
    servables: Path,
    answers: Mapping[str, Sequence[Row]],
    lines: Sequence[int] | None = None,
    baseline: str = predictions_table.BASELINE,
    **settings: object,
) -> Judged:
    """Runs the executor on Examples to which the toys give these answers."""
    rows = answers[predictions_table.MODEL]
    write_examples(
        folder / "examples" / "Split-eval" / "shard.tfrecord",
        answers,
        lines or range(2, 2 + len(rows)),
    )
    (folder / "rejects").mkdir()
    counts = {mood: sum(row.mood == mood for row in rows) for mood in MOODS}
    (folder / "rejects" / artifacts.INGEST_JSON).write_text(
        json.dumps({"splits": {"eval": {"used": len(rows), "moods": counts}}}), "utf-8"
    )

    def made(kind, uri, id_=0):
        Path(uri).mkdir(exist_ok=True, parents=True)
        artifact = kind()
        artifact.uri, artifact.id = str(uri), id_
        if kind is standard_artifacts.Examples:
            artifact.split_names = '["train", "eval"]'
        return [artifact]

    models = standard_artifacts.Model
    inputs = {
        "examples": made(standard_artifacts.Examples, folder / "examples"),
        "rejects": made(Rejects, folder / "rejects"),
        "model": made(models, servables / predictions_table.MODEL, 7),
        "baseline_model": made(models, servables / baseline)
        if predictions_table.BASELINE in answers
        else [],
    }
    outputs = {
        "evaluation": made(standard_artifacts.ModelEvaluation, folder / "evaluation"),
        "blessing": made(standard_artifacts.ModelBlessing, folder / "blessing"),
        "predictions": made(Predictions, folder / "predictions"),
    }
    context = BaseBeamExecutor.Context(
        beam_pipeline_args=list(BEAM), tmp_dir=str(folder), unique_id="1"
    )
    executor.Executor(context).Do(inputs, outputs, {executor.SETTINGS: json.dumps(settings)})
    metrics = json.loads((folder / "evaluation" / artifacts.METRICS_JSON).read_text("utf-8"))
    return Judged(
        metrics,
        folder / "evaluation",
        folder / "predictions" / artifacts.PREDICTIONS_PARQUET,
        outputs["blessing"][0],
    )


def is_blessed(blessing: standard_artifacts.ModelBlessing) -> bool:
    named = constants.BLESSED_FILE_NAME
    told = blessing.get_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY)
    assert Path(blessing.uri, named).exists() == bool(told)
    return bool(told)


def test_the_executor_writes_what_was_worked_out_by_hand(tmp_path, twelve):
    (tmp_path / "hand").mkdir()
    counts = tally_of(tmp_path / "hand", TWELVE)
    by_hand = json.loads(json.dumps(measures.document(counts, EvaluateSettings())))
    assert {name: twelve.metrics[name] for name in by_hand} == by_hand
    assert twelve.metrics["model"]["macro_f1"] == pytest.approx((8 / 13 + 4 / 7 + 1 / 2) / 3)
    assert twelve.metrics["model"]["ece"] == pytest.approx(0.1, abs=1e-6)
    rows = pq.read_table(twelve.predictions).to_pylist()
    assert [row["line"] for row in rows] == list(range(2, 14))
    assert [row["predicted"] for row in rows] == [row.answer for row in TWELVE]
    assert [row["box_area"] for row in rows[:2]] == [pytest.approx(x) for x in (0.01, 0.07)]


def test_tfma_has_the_same_scores_and_slices_under_their_names(twelve):
    lines = {
        tuple(
            (part.column, part.bytes_value.decode()) for part in line.slice_key.single_slice_keys
        ): {entry.key.name: entry.value.double_value.value for entry in line.metric_keys_and_values}
        for line in tfma.load_metrics(str(twelve.evaluation))
    }
    named = {measures.slice_name(key): values for key, values in lines.items()}
    assert set(named) - {""} == set(twelve.metrics["slices"])
    for name, values in named.items():
        ours = twelve.metrics["slices"][name] if name else twelve.metrics["model"]
        for score in ("accuracy", "balanced_accuracy", "macro_f1"):
            assert values[score] == pytest.approx(ours[score], abs=1e-6)


def test_a_decent_model_is_blessed_beside_its_predecessor_and_another(tmp_path, servables):
    before = [row._replace(answer="a") for row in DECENT]
    answers = {
        predictions_table.MODEL: DECENT,
        predictions_table.BASELINE: before,
        predictions_table.COMPARED: DECENT,
    }
    path = str(servables / predictions_table.COMPARED / "Format-Serving")
    told = judge(tmp_path, servables, answers, compare_with=path)
    assert is_blessed(told.blessing)
    assert told.metrics["verdict"]["blessed"]
    assert told.blessing.get_int_custom_property("current_model_id") == 7
    assert told.metrics["model"]["accuracy"] == told.metrics["compared"]["accuracy"] == 3 / 4
    assert told.metrics["baseline"]["macro_f1"] == pytest.approx(128 / (64 + 144) / 3)
    row = pq.read_table(told.predictions).to_pylist()[3]
    predicted = ("predicted", "baseline_predicted", "compared_predicted", "majority_predicted")
    assert [row[name] for name in predicted] == ["b", "a", "b", "a"]
    assert any(
        note.startswith("evaluate.compare_with is") for note in told.metrics["verdict"]["notes"]
    )


@pytest.mark.parametrize(
    ("model", "check", "words"),
    [
        (
            [row._replace(answer="a") for row in DECENT],
            "over_majority",
            "macro-F1 0.205 against 0.205 of always answering the commonest mood",
        ),
        (
            clips_of("a", 16, 4, "b") + clips_of("b", 10, 4, "c") + clips_of("c", 10, 1, "a"),
            "not_worse_on_any_mood",
            "worse beyond noise: c 0.400 against 0.857",
        ),
        (
            [row._replace(probability=float("nan")) for row in DECENT],
            "probabilities_are_numbers",
            "144 of 144 rows were answered with NaN or infinity",
        ),
    ],
    ids=["only the commonest mood", "worse on one mood", "nan"],
)
def test_a_bad_model_is_refused_with_the_reason(tmp_path, servables, model, check, words):
    before = clips_of("a", 16, 2, "b") + clips_of("b", 10, 2, "a") + clips_of("c", 10, 3, "a")
    told = judge(
        tmp_path, servables, {predictions_table.MODEL: model, predictions_table.BASELINE: before}
    )
    assert not is_blessed(told.blessing)
    assert not told.metrics["verdict"]["blessed"]
    assert words in told.failed[check]
    if check == "not_worse_on_any_mood":
        assert set(told.failed) == {check}


def test_a_predecessor_with_other_moods_is_not_compared_with(tmp_path, servables):
    answers = {predictions_table.MODEL: DECENT, predictions_table.BASELINE: DECENT}
    told = judge(tmp_path, servables, answers, baseline="other_moods")
    assert told.metrics["baseline"] is None
    assert any("knows other moods" in note for note in told.metrics["verdict"]["notes"])
    assert is_blessed(told.blessing)


def test_an_example_that_comes_twice_is_an_error(tmp_path, servables):
    lines = [*range(2, 13), 2]
    with pytest.raises(predictions_table.RowError, match="line 2 of its CSV twice"):
        judge(tmp_path, servables, {predictions_table.MODEL: TWELVE}, lines)


def test_an_example_that_is_missing_is_an_error(tmp_path, servables):
    with pytest.raises(predictions_table.RowError, match="has 12 rows, 11 were read"):
        judge(tmp_path, servables, {predictions_table.MODEL: TWELVE}, range(2, 13))


def test_tfma_counting_otherwise_is_an_error(tmp_path, twelve):
    (tmp_path / "other").mkdir()
    other = tally_of(tmp_path / "other", [TWELVE[0]._replace(answer="b"), *TWELVE[1:]])
    with pytest.raises(analysis.CountError, match="of everything must be ours"):
        analysis.check(str(twelve.evaluation), other)


def test_a_model_to_compare_with_that_is_not_there_is_told_before_the_run(tmp_path):
    kinds = (standard_artifacts.Examples, Rejects, standard_artifacts.Model)
    examples, rejects, model = (channel.Channel(type=kind) for kind in kinds)
    with pytest.raises(ConfigError, match="compare_with must be the folder of a servable"):
        Evaluator(examples, rejects, model, None, EvaluateSettings(compare_with=str(tmp_path)), "1")


def test_a_toy_answers_what_its_example_holds(servables):
    # The toys are only worth something if they can give NaN.
    loaded = tf.saved_model.load(str(servables / predictions_table.MODEL / "Format-Serving"))
    example = tf.train.Example()
    example.features.feature["toy/model"].float_list.value.extend([float("nan"), 0.5, 0.5])
    answer = loaded.signatures[signatures.SERVE_EXAMPLE](tf.constant([example.SerializeToString()]))
    assert np.isnan(answer[signatures.PROBABILITIES].numpy()[0, 0])


def test_clips_that_the_temperature_was_fitted_on_are_asked_and_not_judged(tmp_path, servables):
    told = judge(tmp_path, servables, {predictions_table.MODEL: DECENT}, calibrate=True)
    rows = pq.read_table(told.predictions).to_pylist()
    assert len(rows) == len(DECENT)
    judged = [row for row in rows if row["judged"]]
    assert {row["clip"] for row in judged} == {
        row.clip for row in DECENT if not is_calibration_clip(row.clip)
    }
    assert (told.metrics["rows"], told.metrics["clips"]) == (len(judged), len(judged) // 4)
    assert 0 < len(judged) < len(rows)
