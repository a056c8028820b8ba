"""What a cluster runs, run here: every container's command as compiled, one after another."""

import json
from pathlib import Path

import tensorflow as tf

from cluster.report_node import CONFUSION, DATA_REPORT, FIGURES, PAGE, REPORT
from dataset.boxes import parse_box
from dataset.csv_rows import read_rows
from pipeline import nodes
from schemas import artifacts, signatures
from testing.pipeline.replaying import Replay
from testing.pipeline.runs import bulk_predictions


def test_the_last_task_has_pushed_a_model_that_answers(
    replayed: Replay, colours: tuple[Path, Path]
) -> None:
    (version,) = Path(replayed.inputs.serving).iterdir()
    loaded = tf.saved_model.load(str(version))
    row = next(iter(read_rows(str(colours[1]))))
    told = loaded.signatures[signatures.SERVE_BOX](
        **{
            signatures.IMAGE_BYTES: tf.constant(
                [(colours[1].parent / row.image_path).read_bytes()]
            ),
            signatures.BOX: tf.constant([list(parse_box(row.bbox))], tf.int64),
        }
    )
    assert told[signatures.MOOD].numpy()[0].decode("utf-8") == row.label


def test_every_node_has_run(replayed: Replay) -> None:
    assert {nodes.EXAMPLE_GEN, nodes.TRAINER, nodes.LAST_BLESSED} <= set(replayed.outputs)
    assert len(replayed.outputs) == 18


def test_the_report_shows_the_result_where_the_clusters_pages_look(replayed: Replay) -> None:
    data, report = replayed.outputs[DATA_REPORT], replayed.outputs[REPORT]
    evaluation = Path(replayed.outputs[nodes.EVALUATOR]["evaluation"]["uri"])
    metrics = json.loads((evaluation / "metrics.json").read_text("utf-8"))
    assert report[FIGURES]["metadata"]["macro_f1"] == metrics["model"]["macro_f1"]
    assert report[FIGURES]["metadata"]["blessed"] == 1
    matrix = report[CONFUSION]["metadata"]["confusionMatrix"]
    assert [row["row"] for row in matrix["rows"]] == metrics["confusion"]
    (version,) = Path(replayed.inputs.serving).iterdir()
    assert version.name in Path(report[PAGE]["uri"]).read_text("utf-8")
    assert "Data accepted" in Path(data[PAGE]["uri"]).read_text("utf-8")
    assert data[FIGURES]["metadata"].keys() < report[FIGURES]["metadata"].keys()


def test_a_blessing_has_its_reasons_as_a_property(replayed: Replay) -> None:
    for node in (nodes.EVALUATOR, nodes.SERVABLE_CHECK):
        reasons = replayed.outputs[node]["blessing"]["metadata"][artifacts.REASONS]
        assert reasons.startswith("all ") and reasons.endswith(" checks passed")


def test_the_rows_without_moods_are_answered(replayed: Replay, colours: tuple[Path, Path]) -> None:
    folder = Path(replayed.outputs[nodes.BULK_INFERRER]["output_examples"]["uri"])
    told = bulk_predictions(folder.glob("Split-*/*.gz"))
    moods = {row.image_path: row.label for row in read_rows(str(colours[1]))}
    assert set(told) == set(moods)
    right = sum(told[path][1] == mood for path, mood in moods.items())
    assert right / len(moods) > 0.8


def test_the_first_run_has_nothing_to_compare_with(replayed: Replay) -> None:
    evaluation = Path(replayed.outputs[nodes.EVALUATOR]["evaluation"]["uri"])
    verdict = json.loads((evaluation / "metrics.json").read_text("utf-8"))["verdict"]
    assert verdict["blessed"] is True
    assert [note for note in verdict["notes"] if "nothing to compare with" in note]
