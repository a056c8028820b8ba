"""From CSVs to the DataGate, through LocalDagRunner: what is used, refused and stopped."""

import csv
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from dataset.trained_on import name_pairs
from pipeline import nodes
from runner import local
from runner.run_request import RunRequest
from schemas import artifacts, features
from schemas.errors import DataRefusedError
from schemas.labels import DEFAULT_MOODS
from schemas.reasons import RejectReason
from testing.aihub.fault_csv import SAMPLE_FAULTS, write_fault_csv
from testing.pipeline import runs as chain
from testing.pipeline.runs import newest, run, write_colours


def run_data_stage(
    output: Path,
    train_csv: Path,
    eval_csv: Path | None,
    *overrides: str,
    last_node: str = nodes.DATA_GATE,
) -> Path:
    """Runs the data stage on colours, which are alike in both splits."""
    settings = (chain.ALIKE, *overrides)
    return chain.run_data_stage(output, train_csv, eval_csv, *settings, last_node=last_node)


def ingest(output: Path, train_csv: Path, eval_csv: Path | None, *overrides: str) -> Path:
    """Runs the node that reads the rows, and no other."""
    return run_data_stage(output, train_csv, eval_csv, *overrides, last_node=nodes.EXAMPLE_GEN)


def counts(output: Path):
    path = newest(output, f"PetExampleGen/rejects/*/{artifacts.INGEST_JSON}")
    return json.loads(path.read_text("utf-8"))["splits"]


def examples(output: Path, split: str) -> list[tf.train.Example]:
    folder = newest(output, f"PetExampleGen/examples/*/Split-{split}")
    files = sorted(str(path) for path in folder.iterdir())
    return [
        tf.train.Example.FromString(r) for r in tf.data.TFRecordDataset(files).as_numpy_iterator()
    ]


def text(example: tf.train.Example, name: str) -> str:
    return example.features.feature[name].bytes_list.value[0].decode("utf-8")


def test_every_fault_is_refused_once_for_its_reason_and_no_good_row_is_lost(tmp_path):
    made = write_fault_csv(tmp_path / "data", good_rows=60)
    _, val = colours_of(tmp_path)
    output = run_data_stage(tmp_path / "out", made.csv, val, "data.max_reject_fraction=0.2")
    train = counts(output)["train"]
    assert train["refused"] == {r.value: int(r in SAMPLE_FAULTS) for r in RejectReason}
    assert {m: n for m, n in train["moods"].items() if n} == made.used
    assert train["used"] == 60 + 9 == train["rows"] - 11

    with newest(output, f"PetExampleGen/rejects/*/{artifacts.REJECTS_CSV}").open() as file:
        rejects = list(csv.DictReader(file))
    assert Counter(row["reason"] for row in rejects) == {r.value: 1 for r in SAMPLE_FAULTS}
    rows = list(csv.reader(made.csv.open(encoding="utf-8-sig")))
    for row in rejects:
        assert rows[int(row["line"]) - 1][0] == row["image"]
        assert (row["split"], row["source"]) == ("train", str(made.csv))
        assert row["detail"]

    written = {
        (text(e, features.IMAGE_PATH), text(e, features.LABEL)) for e in examples(output, "train")
    }
    assert len(written) == 69
    assert all(label in DEFAULT_MOODS for _, label in written)


def colours_of(tmp_path):
    folder = tmp_path / "colours"
    return write_colours(folder, "train", clips=1), write_colours(folder, "val", clips=1)


def test_too_many_refused_rows_stop_the_run_and_the_report_survives(tmp_path):
    made = write_fault_csv(tmp_path / "data", good_rows=40)
    _, val = colours_of(tmp_path)
    with pytest.raises(DataRefusedError, match=r"11 of 60 rows \(18\.3%\) are refused"):
        run_data_stage(tmp_path / "out", made.csv, val, "data.max_reject_fraction=0.18")
    report = newest(tmp_path / "out", f"BoxValidator/report/*/{artifacts.VALIDATION_JSON}")
    validation = json.loads(report.read_text("utf-8"))
    assert validation["verdict"] == artifacts.VERDICT_REFUSED
    assert "refused_share" in {finding["check"] for finding in validation["findings"]}
    # The share itself is accepted.
    run_data_stage(tmp_path / "out", made.csv, val, "data.max_reject_fraction=0.184")


def test_a_csv_without_a_usable_row_is_refused_with_its_reasons(tmp_path):
    train, _ = colours_of(tmp_path)
    bad = tmp_path / "bad.csv"
    bad.write_text('image_path,bbox,labels\nnone.jpg,"1,2,30,40",공포\nnone.jpg,x,공포\n', "utf-8")
    with pytest.raises(DataRefusedError, match="None of the 2 rows can be used") as error:
        run_data_stage(tmp_path / "out", train, bad)
    assert "image_missing 1" in str(error.value) and "box_malformed 1" in str(error.value)


def test_one_csv_is_split_by_clip(tmp_path):
    folder = tmp_path / "colours"
    train = write_colours(folder, "train", clips=20, frames=2)
    output = ingest(tmp_path / "out", train, None, "data.eval_fraction=0.3", "data.shard_rows=32")
    clips = {
        split: {text(e, features.CLIP) for e in examples(output, split)}
        for split in ("train", "eval")
    }
    assert not clips["train"] & clips["eval"]
    assert len(clips["train"]) + len(clips["eval"]) == 120
    assert 20 <= len(clips["eval"]) <= 52
    assert counts(output)["train"]["used"] == 2 * len(clips["train"])
    # The names that a model takes with it, hashed.
    for split, names in clips.items():
        written = np.load(newest(output, f"PetExampleGen/examples/*/names/{split}.npy"))
        expected = name_pairs(names, [""] * len(names))  # The drawn colours name no animal.
        assert sorted(map(tuple, written.tolist())) == sorted(map(tuple, expected.tolist()))


def test_one_csv_is_split_into_three_by_clip(tmp_path):
    folder = tmp_path / "colours"
    train = write_colours(folder, "train", clips=20, frames=2)
    shares = ("data.eval_fraction=0.3", "data.validation_fraction=0.3")
    # Train alone is thinned, to one frame of a clip.
    output = ingest(tmp_path / "out", train, None, *shares, "thin.max_frames=1")
    splits = ("train", "validation", "eval")
    clips = {split: {text(e, features.CLIP) for e in examples(output, split)} for split in splits}
    assert sum(map(len, clips.values())) == len(set.union(*clips.values())) == 120
    # 25 of 120 expected; five standard deviations are 22.
    assert 3 <= len(clips["validation"]) <= 47
    used = {split: found["used"] for split, found in counts(output).items()}
    frames = {"train": 1, "validation": 2, "eval": 2}
    assert used == {split: frames[split] * len(names) for split, names in clips.items()}
    assert list(used) == list(splits)


def test_rows_come_in_the_order_of_the_csv_and_twice_the_same_bytes(tmp_path):
    train, val = colours_of(tmp_path)
    shards = []
    for name in ("one", "two"):
        output = ingest(tmp_path / name, train, val)
        (shard,) = output.glob("pipeline/PetExampleGen/examples/*/Split-train/*.tfrecord")
        shards.append(shard.read_bytes())
    assert shards[0] == shards[1]
    lines = [
        e.features.feature[features.SOURCE_LINE].int64_list.value[0]
        for e in examples(tmp_path / "one", "train")
    ]
    assert lines == list(range(2, 26))


def test_photos_that_were_mended_are_read_again(tmp_path):
    train, val = colours_of(tmp_path)
    photo = sorted((train.parent / "images").rglob("train-*/*.png"))[0]
    sound = photo.read_bytes()
    photo.unlink()
    ingest(tmp_path / "out", train, val)
    assert counts(tmp_path / "out")["train"]["refused"]["image_missing"] == 1
    photo.write_bytes(sound)
    ingest(tmp_path / "out", train, val)
    assert counts(tmp_path / "out")["train"]["refused"]["image_missing"] == 0


def test_shares_of_moods_that_differ_between_train_and_eval_are_reported(tmp_path):
    train, val = colours_of(tmp_path)
    header, *rows = val.read_text("utf-8").splitlines()
    val.write_text("\n".join([header, *rows[:4]]) + "\n", "utf-8")
    output = run_data_stage(tmp_path / "out", train, val, "validate.max_label_shift=0.5")
    report = newest(output, f"BoxValidator/report/*/{artifacts.VALIDATION_JSON}")
    findings = json.loads(report.read_text("utf-8"))["findings"]
    (shift,) = (f for f in findings if f["check"] == "label_shift")
    # The four eval rows are all of the first mood, of which train has one sixth.
    assert shift["value"] == pytest.approx(1 - 1 / 6)
    assert shift["severity"] == "warning"
    with pytest.raises(DataRefusedError, match="max_label_shift"):
        run_data_stage(tmp_path / "out", train, val, "validate.shift_is_error=true")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"image_path,bbox,labels\n", "has a header and no rows"),
        (b"image_path,labels\na.jpg,x\n", "lacks the column bbox"),
        ("image_path,bbox,labels\na.jpg,x,공포\n".encode("cp949"), "is not UTF-8"),
    ],
)
def test_a_csv_that_is_no_table_ends_the_run_with_exit_code_3(tmp_path, capfd, content, message):
    bad = tmp_path / "bad.csv"
    bad.write_bytes(content)
    ended = run(tmp_path / "out", bad, None)
    assert ended.exit == 3
    assert message in ended.record["error"]
    assert ended.record["pushed"] is None


def test_weights_that_do_not_fit_end_the_run_before_a_photo_is_read(tmp_path, capfd):
    train, val = colours_of(tmp_path)
    weights = tmp_path / "weights.h5"
    weights.write_bytes(b"no weights")
    request = RunRequest(
        train_csv=train,
        eval_csv=val,
        output=tmp_path / "out",
        preset="quick",
        overrides=(f"model.weights={weights}",),
    )
    assert local.run(request) == 2
    assert "does not hold weights of EfficientNetB0" in capfd.readouterr().err
    assert not (tmp_path / "out" / "pipeline").exists()
    assert not (tmp_path / "out" / "run.json").exists()
