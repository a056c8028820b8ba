"""The pipeline from CSVs to a pushed version, through LocalDagRunner."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import tensorflow as tf

from components.servable_check.component import probe
from dataset import scores
from dataset.csv_rows import read_rows
from pipeline import nodes
from report.translations import TEXTS
from schemas import artifacts, features, signatures
from schemas.documents.evaluation import HEADLINE
from schemas.labels import DEFAULT_MOODS
from testing.pipeline.runs import bulk_predictions, run


def test_a_run_ends_with_a_blessed_and_pushed_version(pushed):
    record = pushed.record
    assert (pushed.exit, record["exit"], record["blessed"]) == (0, 0, True)
    assert record["rows"]["train"]["used"] == 192
    assert record["rows"]["eval"]["used"] == 48
    assert record["rows"]["train"]["moods"] == dict.fromkeys(DEFAULT_MOODS, 32)
    assert record["metrics"]["majority"]["accuracy"] == 8 / 48
    assert record["metrics"]["model"]["macro_f1"] > 0.8
    versions = list((pushed.output / "serving" / "pet_mood").iterdir())
    assert [str(path) for path in versions] == [record["pushed"]]
    assert versions[0].name.isdigit()
    assert not (pushed.output / "serving" / "pet_mood.partial").exists()


def test_two_csvs_alone_say_that_the_same_rows_choose_and_judge(pushed):
    assert list(pushed.record["rows"]) == ["train", "eval"]
    assert pushed.record["chosen_on"] == "eval"
    log = Path(pushed.record["log"]).read_text("utf-8")
    page = (pushed.output / "report.html").read_text("utf-8")
    assert TEXTS["shared_rows"][1] in log
    assert "There is no validation split: the epoch is chosen on the eval rows" in log  # Trainer.
    assert TEXTS["shared_rows"][1] in page
    assert TEXTS["own_validation"][1] not in page


def test_every_eval_row_is_evaluated_once_and_the_scores_are_of_those_rows(pushed, colours):
    table = pq.read_table(pushed.artifact("Evaluator", "predictions", "predictions.parquet"))
    table = table.to_pydict()
    lines = [row.line for row in read_rows(str(colours[1]))]
    assert sorted(table["line"]) == lines == list(range(2, 50))
    confusion = np.zeros((6, 6))
    for truth, probabilities in zip(table["label_index"], table["probabilities"], strict=True):
        confusion[truth, int(np.argmax(probabilities))] += 1
    metrics = json.loads(
        pushed.artifact("Evaluator", "evaluation", artifacts.METRICS_JSON).read_text("utf-8")
    )
    assert metrics["confusion"] == confusion.astype(int).tolist()
    headline = [metrics["model"][name] for name in HEADLINE]
    np.testing.assert_allclose(headline, scores.headline(confusion))
    assert (metrics["rows"], metrics["clips"]) == (48, 12)
    assert all(check["passed"] for check in metrics["verdict"]["checks"])
    assert metrics["slices"]["species=CAT"]["rows"] == 24
    assert {f"label={mood}" for mood in DEFAULT_MOODS} < set(metrics["slices"])


def test_a_pushed_model_answers_for_rows_without_moods_as_for_the_same_with_them(pushed):
    told = bulk_predictions(
        pushed.output.glob("pipeline/BulkInferrer/output_examples/*/Split-*/*.gz")
    )
    table = pq.read_table(pushed.artifact("Evaluator", "predictions", "predictions.parquet"))
    judged = table.to_pydict()
    assert sorted(told) == sorted(judged["image_path"])
    for path, mood, probabilities in zip(
        judged["image_path"], judged["predicted"], judged["probabilities"], strict=True
    ):
        assert told[path][:2] == (signatures.STATUS_OK, mood)
        # The stored crops differ: these have no surplus for training around the view.
        np.testing.assert_allclose(told[path][2], probabilities, atol=0.05)
    said = pushed.record["predict"]
    assert (said["used"], said["refused"]["image_missing"]) == (48, 1)
    assert "gone.png" in Path(said["rejects_csv"]).read_text("utf-8")
    assert pushed.record["rows"]["train"]["used"] == 192


def test_the_examples_carry_the_crop_and_the_numbers(pushed):
    shard = pushed.artifact("PetExampleGen", "examples", "Split-eval/*.tfrecord")
    record = next(iter(tf.data.TFRecordDataset([str(shard)]).as_numpy_iterator()))
    feature = tf.train.Example.FromString(record).features.feature
    ints = {name: list(feature[name].int64_list.value) for name in feature}
    floats = {name: list(feature[name].float_list.value) for name in feature}
    assert (ints[features.IMAGE_HEIGHT], ints[features.IMAGE_WIDTH]) == ([64], [96])
    left = 10
    np.testing.assert_allclose(
        [
            floats[name][0]
            for name in (
                features.BOX_TOP,
                features.BOX_LEFT,
                features.BOX_BOTTOM,
                features.BOX_RIGHT,
                features.BOX_AREA,
                features.BOX_ASPECT,
            )
        ],
        [12 / 64, left / 96, 52 / 64, (left + 40) / 96, 1600 / 6144, 1.0],
        rtol=1e-6,
    )
    assert ints[features.SOURCE_LINE] == [2]
    assert feature[features.LABEL].bytes_list.value[0].decode() == DEFAULT_MOODS[0]
    # The view is the 40 pixel box and 2 pixels of margin a side, stored at 32 pixels.
    y, x, height, width = ints[features.WINDOW]
    assert (height, width) == (32, 32)
    crop = tf.io.decode_jpeg(feature[features.IMAGE].bytes_list.value[0]).numpy()
    assert crop.shape[2] == 3
    centre = crop[y + 8 : y + 24, x + 8 : x + 24].reshape(-1, 3).mean(axis=0)
    np.testing.assert_allclose(centre, [255, 0, 0], atol=12)


def test_the_statistics_leave_the_pictures_out(pushed):
    import tensorflow_data_validation as tfdv

    path = pushed.artifact("StatisticsGen", "statistics", "Split-train/FeatureStats.pb")
    (dataset,) = tfdv.load_stats_binary(str(path)).datasets
    names = {".".join(feature.path.step) for feature in dataset.features}
    assert names == {*features.NUMERIC, features.LABEL, features.SPECIES}
    assert dataset.num_examples == 192


def test_transform_puts_no_pixel_on_the_disk(pushed):
    assert not list((pushed.output / "pipeline" / "Transform").glob("transformed_examples*"))


def test_a_second_run_reuses_everything_and_pushes_no_second_version(pushed, colours):
    again = run(pushed.output, *colours)
    record = again.record
    assert again.exit == 0
    assert record["pushed"] == pushed.record["pushed"]
    ran = {name for name, node in record["nodes"].items() if not node["cached"]}
    assert ran <= {nodes.LAST_BLESSED}  # A resolver, which always looks.
    assert len(list((pushed.output / "serving" / "pet_mood").iterdir())) == 1


def test_a_version_that_was_deleted_is_pushed_again(pushed, colours):
    version = Path(pushed.record["pushed"])
    shutil.rmtree(version)
    again = run(pushed.output, *colours)
    assert (again.exit, again.record["pushed"]) == (0, str(version))
    assert (version / "saved_model.pb").is_file()
    assert again.record["nodes"][nodes.TRAINER]["cached"]


def test_the_servable_check_refuses_a_servable_that_says_something_else(pushed, tmp_path):
    run_dir = pushed.artifact("Trainer", "model_run", artifacts.EXPECTED_JSON).parent
    records = str(run_dir / artifacts.EXPECTED_RECORDS)
    expected = json.loads((run_dir / artifacts.EXPECTED_JSON).read_text("utf-8"))
    swapped = tmp_path / artifacts.EXPECTED_JSON
    expected["probabilities"] = [row[::-1] for row in expected["probabilities"]]
    swapped.write_text(json.dumps(expected), "utf-8")
    answer = probe(pushed.record["pushed"], records, str(swapped))
    failed = {check["check"] for check in answer["checks"] if not check["passed"]}
    assert failed == {"tf2_loader_same_answers", "tf1_loader_same_answers"}


def test_the_servable_check_refuses_half_a_servable(pushed, tmp_path):
    half = tmp_path / "half"
    shutil.copytree(pushed.record["pushed"], half)
    shutil.rmtree(half / "variables")
    run_dir = pushed.artifact("Trainer", "model_run", artifacts.EXPECTED_JSON).parent
    answer = probe(
        str(half),
        str(run_dir / artifacts.EXPECTED_RECORDS),
        str(run_dir / artifacts.EXPECTED_JSON),
    )
    assert not all(check["passed"] for check in answer["checks"])
