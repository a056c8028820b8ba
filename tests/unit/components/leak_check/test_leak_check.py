"""LeakCheck and DataGate on hand-made Frames: their functions, then their executors."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.artifact_types import Frames, LeakReport, ValidationReport
from components.data_gate.component import DataGate
from components.leak_check import leak_checks, leak_search
from components.leak_check.component import LeakCheck
from components.leak_check.frames_table import SplitFrames
from components.leak_check.settings import LeakLimits
from dataset.frames_schema import arrow_schema
from dataset.leaks import MAX_DISTANCE
from schemas import artifacts, frame_columns
from schemas.documents.leaks import LeakExample
from schemas.errors import ConfigError, DataRefusedError
from schemas.splits import EVAL, TRAIN, VALIDATION, split_folder

HASH = 0x8123_4567_89AB_CDEF
GREY = 0x808080


def frame(line: int, image: str, **values: Any) -> dict[str, Any]:
    """Returns a frame that is like no other, but for ``values``."""
    return {
        frame_columns.LINE: line,
        frame_columns.IMAGE_PATH: image,
        frame_columns.LABEL: "공포",
        frame_columns.CLIP: image,
        frame_columns.GROUP: "",
        frame_columns.SPECIES: "",
        frame_columns.PHASH: int.from_bytes(hashlib.sha256(image.encode()).digest()[:8], "big"),
        frame_columns.COLOUR: GREY,
        frame_columns.SHARPNESS: 9.0,
        frame_columns.BRIGHTNESS: 0.5,
        frame_columns.CONTRAST: 0.2,
        frame_columns.BOX_AREA: 0.5,
        frame_columns.OFFSET: 0,
        frame_columns.RECORD_BYTES: 0,
        frame_columns.CLIPPED: False,
        frame_columns.KEY: "",
        **values,
    }


def write(folder: Path, **shards: list[dict[str, Any]]) -> Path:
    """Writes shards named ``train_0``, ``eval_1`` and so on."""
    for name, rows in shards.items():
        split, _, number = name.partition("_")
        path = folder / split_folder(split) / f"{int(number):05d}-of-00009.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows, arrow_schema()), path, compression="zstd")
    return folder


@pytest.fixture
def leaky(tmp_path: Path) -> Path:
    """A clip, two animals and three eval frames too many, over several shards."""
    return write(
        tmp_path / "frames",
        train_0=[frame(2, "t/2", group="rex"), frame(3, "t/3", clip="both", group="tom")],
        train_1=[],
        train_2=[frame(9, "t/9", phash=HASH)],
        eval_0=[
            frame(2, "e/2", clip="both", group="tom"),
            frame(3, "e/3", group="rex", phash=HASH ^ 0b1111),
            frame(4, "e/4", clip="both", phash=HASH ^ 1),
        ],
        eval_1=[
            frame(5, "e/5", phash=HASH ^ 0b11111),
            frame(6, "e/6", phash=HASH, colour=0x808085),
            frame(7, "e/7", phash=HASH, contrast=1.9 / 255),
            frame(8, "e/8", phash=HASH, contrast=2 / 255),
        ],
    )


def leaks_of(folder: Path, **limits: Any) -> leak_search.LeakSearchResult:
    splits = (SplitFrames(str(folder), split) for split in (TRAIN, EVAL))
    return leak_search.find_leaks(*splits, LeakLimits(**limits))


def row(*values: Any, splits: tuple[str, str] = (TRAIN, EVAL)) -> dict[str, Any]:
    return dict(zip(artifacts.LEAK_COLUMNS, (*values, *splits), strict=True))


def test_the_columns_of_the_table_are_those_of_its_type() -> None:
    assert tuple(LeakExample.__annotations__) == artifacts.LEAK_COLUMNS


def test_every_leak_is_counted_once_and_named_by_its_lines(leaky: Path) -> None:
    leaks = leaks_of(leaky)
    assert (leaks.clips, leaks.groups, leaks.pictures) == (1, 2, 3)
    # e/7 is next to black: it is the only one that is not compared.
    assert (leaks.compared, leaks.flat) == (6, 1)
    assert leaks.listed == [
        row("clip", "both", 3, "t/3", 2, "e/2", None),
        row("group", "rex", 2, "t/2", 3, "e/3", None),
        row("group", "tom", 3, "t/3", 2, "e/2", None),
        row("picture", "", 9, "t/9", 8, "e/8", 0),
        row("picture", "", 9, "t/9", 4, "e/4", 1),
        row("picture", "", 9, "t/9", 3, "e/3", 4),
    ]


def test_rows_are_counted_through_batches_of_shards(leaky: Path, monkeypatch) -> None:
    whole = leaks_of(leaky)
    monkeypatch.setattr(SplitFrames.batches, "__defaults__", (1,))
    assert leaks_of(leaky) == whole


def test_the_table_is_bounded_and_the_counts_are_not(leaky: Path, monkeypatch) -> None:
    monkeypatch.setattr(leak_search, "MAX_LISTED", 1)
    leaks = leaks_of(leaky)
    assert [row["kind"] for row in leaks.listed] == ["clip", "group", "picture"]
    assert (leaks.groups, leaks.pictures) == (2, 3)


def test_a_split_without_frames_leaks_nothing(tmp_path: Path) -> None:
    leaks = leaks_of(write(tmp_path, train_0=[frame(2, "t/2")], eval_0=[]))
    assert leaks == leak_search.LeakSearchResult(0, 0, 0, compared=0, flat=0, listed=[])
    assert list(leak_checks.findings(leaks, LeakLimits())) == []
    assert leaks_of(tmp_path / "nothing").pictures == 0


def test_a_leak_above_its_limit_is_an_error_and_at_it_a_warning(leaky: Path) -> None:
    leaks = leaks_of(leaky)

    def severities(**limits: Any) -> dict[str, str]:
        listed = leak_checks.findings(leaks, LeakLimits(**limits))
        return {finding.check: finding.severity for finding in listed}

    assert severities() == {
        "shared_clips": "error",
        "shared_groups": "error",
        "shared_pictures": "error",
        "flat_pictures": "warning",
    }
    # 3 of 6 compared frames.
    allowed = severities(max_clips=1, max_groups=2, max_picture_share=0.5)
    assert set(allowed.values()) == {"warning"} and len(allowed) == 4
    assert severities(max_groups=1)["shared_groups"] == "error"
    assert severities(max_picture_share=0.49)["shared_pictures"] == "error"


def test_a_message_says_how_many_which_and_what_to_do(leaky: Path) -> None:
    pictures = [f for f in leak_checks.findings(leaks_of(leaky), LeakLimits()) if f.value == 3]
    assert [(f.message, f.limit) for f in pictures] == [
        (
            "Frames that nearly equal a train frame: 3 of 6, leak.max_picture_share allows 0 "
            "(eval line 8 e/8 and train line 9 t/9; eval line 4 e/4 and train line 9 t/9; "
            "eval line 3 e/3 and train line 9 t/9). "
            "Take them out of one of the two CSVs, or raise the limit.",
            0,
        )
    ]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("max_clips", -1),
        ("max_groups", -1),
        ("max_picture_share", 1.1),
        ("hash_distance", MAX_DISTANCE + 1),
        ("colour_tolerance", 256),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(setting: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"^leak.{setting} must .* Received: {value}$"):
        LeakLimits(**{setting: value})


def check(frames_folder: Path, report: Path, limits: str = "{}") -> dict[str, Any]:
    """Runs LeakCheck's executor and returns its document."""
    report.mkdir()
    data, out = Frames(), LeakReport()
    data.uri, out.uri = str(frames_folder), str(report)
    LeakCheck.EXECUTOR_SPEC.executor_class().Do(
        {"frames": [data]}, {"report": [out]}, {"limits_json": limits, "code": ""}
    )
    document: dict[str, Any] = json.loads((report / artifacts.LEAKS_JSON).read_text("utf-8"))
    return document


def gate(validation: Path, leaks: Path) -> None:
    """Runs DataGate's executor."""
    first, second = ValidationReport(), LeakReport()
    first.uri, second.uri = str(validation), str(leaks)
    DataGate.EXECUTOR_SPEC.executor_class().Do(
        {"validation": [first], "leaks": [second]}, {}, {"code": ""}
    )


def validation(folder: Path, *errors: str) -> Path:
    folder.mkdir()
    findings = [{"severity": "error", "split": TRAIN, "message": error} for error in errors]
    verdict = artifacts.VERDICT_REFUSED if errors else artifacts.VERDICT_OK
    document = {"verdict": verdict, "findings": findings}
    (folder / artifacts.VALIDATION_JSON).write_text(json.dumps(document), "utf-8")
    return folder


def test_the_report_survives_and_the_gate_raises_what_it_says(leaky: Path, tmp_path: Path) -> None:
    report = tmp_path / "report"
    document = check(leaky, report)
    assert document["verdict"] == artifacts.VERDICT_REFUSED
    assert document["leaks"] == {"clips": 1, "groups": 2, "pictures": 3}
    assert [example["eval_line"] for example in document["examples"]] == [2, 3, 2, 8, 4, 3]
    with (report / artifacts.LEAKS_CSV).open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == list(artifacts.LEAK_COLUMNS)
    assert rows[1] == ["clip", "both", "3", "t/3", "2", "e/2", "", "train", "eval"]
    assert rows[-1] == ["picture", "", "9", "t/9", "3", "e/3", "4", "train", "eval"]
    assert len(rows) == 7

    with pytest.raises(DataRefusedError) as error:
        gate(validation(tmp_path / "ok"), report)
    message = str(error.value)
    assert "eval: Clips that are also in train: 1, leak.max_clips allows 0 (both, " in message
    assert "eval: Frames that nearly equal a train frame: 3 of 6" in message
    assert "next to no contrast" not in message  # A warning.
    assert message.endswith(f"The whole report: {report}/leaks.json")

    with pytest.raises(DataRefusedError, match="60 of 100") as error:
        gate(validation(tmp_path / "bad", "60 of 100 rows are refused"), report)
    assert "eval: Clips that are also" in str(error.value)


def test_the_gate_opens_only_where_both_verdicts_are_good(leaky: Path, tmp_path: Path) -> None:
    limits = json.dumps({"max_clips": 1, "max_groups": 2, "max_picture_share": 0.5})
    document = check(leaky, tmp_path / "report", limits)
    assert document["verdict"] == artifacts.VERDICT_OK
    assert len(document["findings"]) == 4
    gate(validation(tmp_path / "ok"), tmp_path / "report")
    with pytest.raises(DataRefusedError, match="60 of 100"):
        gate(validation(tmp_path / "bad", "60 of 100"), tmp_path / "report")


@pytest.mark.parametrize(
    ("first", "second"), [(TRAIN, VALIDATION), (TRAIN, EVAL), (VALIDATION, EVAL)]
)
def test_a_leak_between_any_two_splits_is_refused(tmp_path: Path, first: str, second: str) -> None:
    shards = {f"{split}_0": [frame(2, f"{split}/2")] for split in (TRAIN, VALIDATION, EVAL)}
    sound = check(write(tmp_path / "sound", **shards), tmp_path / "sound_report")
    assert (sound["verdict"], sound["findings"]) == (artifacts.VERDICT_OK, [])

    shards[f"{first}_0"].append(frame(3, "a/3", group="rex", clip="both", phash=HASH))
    shards[f"{second}_0"].append(frame(4, "b/4", group="rex", clip="both", phash=HASH))
    document = check(write(tmp_path / "leaky", **shards), tmp_path / "report")
    assert document["verdict"] == artifacts.VERDICT_REFUSED
    assert document["leaks"] == {"clips": 1, "groups": 1, "pictures": 1}
    messages = {finding["check"]: finding for finding in document["findings"]}
    assert set(messages) == {"shared_clips", "shared_groups", "shared_pictures"}
    clips = messages["shared_clips"]
    assert clips["split"] == second
    assert f"Clips that are also in {first}: 1" in clips["message"]
    assert f"(both, {second} line 4 b/4 and {first} line 3 a/3)" in clips["message"]
    listed = [{**row, "distance": None} for row in document["examples"]]
    name = ("both", "rex", "")
    assert listed == [
        row(kind, name[index], 3, "a/3", 4, "b/4", None, splits=(first, second))
        for index, kind in enumerate(("clip", "group", "picture"))
    ]


def test_frames_without_contrast_are_told_once_of_each_split(tmp_path: Path) -> None:
    shards = {
        f"{split}_0": [frame(2, f"{split}/2", contrast=0.0)] for split in (TRAIN, VALIDATION, EVAL)
    }
    document = check(write(tmp_path / "frames", **shards), tmp_path / "report")
    assert [finding["split"] for finding in document["findings"]] == [VALIDATION, EVAL]
