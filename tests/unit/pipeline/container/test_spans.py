"""CSVs by span: the newest one of which everything is there."""

import json
from pathlib import Path

import pytest

from pipeline.container import spans
from pipeline.container.task import Task
from schemas.errors import DataRefusedError
from system import storage
from system.patterns import escaped


def write(root: Path | str, *names: str) -> None:
    for name in names:
        path = f"{root}/{name}"
        storage.make_folder(path.rpartition("/")[0])
        storage.write_whole(path, "image_path\n")


def test_the_newest_span_of_which_every_csv_is_there_is_taken(tmp_path: Path) -> None:
    write(tmp_path, *(f"w/{span}/{name}.csv" for span in ("9", "10") for name in ("t", "v")))
    write(tmp_path, "w/11/t.csv", "w/x12/t.csv", "w/013x/t.csv")
    names = ["w/{SPAN}/t.csv", "w/{SPAN}/v.csv"]
    assert spans.newest(str(tmp_path), names) == {names[0]: "w/10/t.csv", names[1]: "w/10/v.csv"}


def test_a_span_may_be_a_part_of_a_files_name_and_have_zeros(tmp_path: Path) -> None:
    write(tmp_path, "a[1]-007.csv", "a[1]-0010.csv", "a1-99.csv", "a[1]-0011.csv.part")
    assert spans.newest(str(tmp_path), ["a[1]-{SPAN}.csv"]) == {"a[1]-{SPAN}.csv": "a[1]-0010.csv"}


def test_none_is_told(tmp_path: Path) -> None:
    write(tmp_path, "1/t.csv", "2/v.csv")
    with pytest.raises(DataRefusedError, match=r"Received: \{SPAN\}/t.csv, \{SPAN\}/v.csv below"):
        spans.newest(str(tmp_path), ["{SPAN}/t.csv", "{SPAN}/v.csv"])
    with pytest.raises(DataRefusedError, match="without one"):
        spans.newest(str(tmp_path / "gone"), ["{SPAN}.csv"])


def task(base: str, **patterns: str) -> Task:
    config = {"splits": [{"name": name, "pattern": each} for name, each in patterns.items()]}
    values = {"input_base": base, "input_config": json.dumps(config)}
    executor_input = {"inputs": {"parameterValues": values}}
    return Task(
        ["m", "--json_serialized_invocation_args", json.dumps(executor_input)], executor_input
    )


def test_a_task_gets_the_names_as_they_are(tmp_path: Path) -> None:
    write(tmp_path, "w/3/t.csv", "w/4/t.csv")
    eval_csv = escaped("v{1}.csv")
    before = task(str(tmp_path), train=escaped("w/{SPAN}/t.csv"), eval=eval_csv)
    after = spans.resolved(before)
    splits = json.loads(after.parameter("input_config"))["splits"]
    assert [split["pattern"] for split in splits] == ["w/4/t.csv", eval_csv]
    assert json.loads(after.command[-1]) == after.executor_input
    without = task(str(tmp_path), eval=eval_csv)
    assert spans.resolved(without) is without
    assert spans.resolved(Task([], {})) == Task([], {})


def test_the_mark_is_quoted_so_that_tfxs_own_driver_finds_no_span_in_it() -> None:
    assert spans.SPAN not in escaped("w/{SPAN}.csv")


@pytest.mark.slow
def test_spans_in_a_bucket(bucket: str) -> None:
    write(bucket, "w/1/t.csv", "w/2/t.csv", "w/3/other.csv")
    assert spans.newest(bucket, ["w/{SPAN}/t.csv"]) == {"w/{SPAN}/t.csv": "w/2/t.csv"}
