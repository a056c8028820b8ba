"""Any number of inputs becomes one file, also after kills and other faults."""

import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from client.backends.model import ModelInfo
from client.batch import output_table
from client.batch.parts import Parts
from client.batch.predict_to_file import BatchResult, predict_to_file
from client.predict.prediction_inputs import InputFault, PredictionInput, inputs_from_paths
from schemas.errors import ConfigError
from system import csv_files
from testing.models import quadrants
from testing.paths import ROOT
from testing.serving.toy_batch import MOODS, PART_ROWS, WidthModel

COLUMNS = [
    "row", "image", "bbox", "mood", "probability_화남/불쾌", "probability_공포", "error", "detail",
    "mood_id", "unsure", "box", "box_source", "found",
]  # fmt: skip


def picture(width: int) -> bytes:
    """Returns a picture file of so many pixels a row."""
    return quadrants.encoded(quadrants.mottled(2, width), "GIF")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Eight pictures, 1, 2, ... 8 pixels wide, the fifth broken."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(8):
        content = picture(number + 1) if number != 4 else b"broken"
        (folder / f"{number}.gif").write_bytes(content)
    return folder


def inputs_of(folder: Path) -> list[PredictionInput]:
    return [*inputs_from_paths(map(str, sorted(folder.iterdir())))]


def predict(
    inputs: list[PredictionInput], out: Path, model: WidthModel | None = None, name: str = "toy"
) -> BatchResult:
    job = {"model": name}
    model = model or WidthModel()
    return predict_to_file(model, inputs, out, job, batch_size=2, part_rows=PART_ROWS)


def test_there_is_a_row_for_every_input_and_both_formats_say_the_same(
    photos: Path, tmp_path: Path
) -> None:
    broken = PredictionInput(
        "=한,\r\n\udcff", "", fault=InputFault("box_empty", 'a "word"'), bbox="0,0,0,1"
    )
    inputs = [*inputs_of(photos), broken]
    for ending in (".csv", ".parquet"):
        result = predict(inputs, tmp_path / f"moods{ending}")
        assert (result.rows, result.resumed) == (9, 0)
        assert result.errors == {"not_an_image": 1, "box_empty": 1}
        assert result.unsure == 4
        assert not (tmp_path / f"moods{ending}.parts").exists()
    rows = pq.read_table(tmp_path / "moods.parquet").to_pylist()
    assert list(rows[0]) == COLUMNS
    assert [row["row"] for row in rows] == [*range(9)]
    # The toy model does not tell of boxes: without one it takes the whole, 2 x 2 pixels.
    cells = [1, str(photos / "1.gif"), "", MOODS[0], 0.8, 0.2, None, None, "angry", False]
    assert rows[1] == dict(zip(COLUMNS, [*cells, "0,0,2,2", "whole", None], strict=True))
    # Its mood has 0.7, which this model is unsure of.
    assert (rows[6]["mood_id"], rows[6]["unsure"]) == ("fearful", True)
    assert (rows[6]["mood"], rows[6]["probability_공포"]) == (MOODS[1], 0.7)
    assert (rows[4]["mood"], rows[4]["error"]) == (None, "not_an_image")
    assert rows[8] == dict(
        zip(
            COLUMNS,
            [8, "=한,\r\n\\udcff", "0,0,0,1", *[None] * 3, "box_empty", 'a "word"', *[None] * 5],
            strict=True,
        )
    )
    with (tmp_path / "moods.csv").open(encoding="utf-8-sig", newline="") as file:
        csv_rows = [*csv_files.read_dicts(file)]
    assert "'=한" in (tmp_path / "moods.csv").read_text(encoding="utf-8-sig")
    as_text = [
        {
            k: "" if v is None else str(v).lower() if k == "unsure" else str(v)
            for k, v in row.items()
        }
        for row in rows
    ]
    assert csv_rows == as_text


def run_toy(*arguments: str | Path) -> int:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    script = ROOT / "testing" / "serving" / "toy_batch.py"
    done = subprocess.run([sys.executable, script, *arguments], cwd=ROOT, env=environment)
    return done.returncode


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_after_a_kill_the_same_command_resumes_and_predicts_nothing_twice(
    photos: Path, tmp_path: Path, ending: str
) -> None:
    out, log = tmp_path / f"moods{ending}", tmp_path / "log"
    assert run_toy(photos, out, log, "6") == -9
    # Parts are pictures 0-2 and 3-5. The model does not get the broken one: its sixth is picture 6.
    assert sorted(path.name for path in (tmp_path / f"moods{ending}.parts").glob("*.parquet")) == [
        "000000.parquet", "000001.parquet",
    ]  # fmt: skip
    assert not out.exists()
    assert log.stat().st_size == 5
    assert run_toy(photos, out, log) == 0
    assert log.stat().st_size == 7
    assert run_toy(photos, tmp_path / f"whole{ending}", tmp_path / "other") == 0
    assert out.read_bytes() == (tmp_path / f"whole{ending}").read_bytes()


class InterruptedModel(WidthModel):
    """Is interrupted after one part."""

    def predict(self, pictures, boxes):  # type: ignore[no-untyped-def]
        if len(self.received) >= PART_ROWS:
            raise KeyboardInterrupt
        return super().predict(pictures, boxes)


@pytest.fixture
def begun(photos: Path, tmp_path: Path) -> Path:
    """A file of which the first part is finished."""
    with pytest.raises(KeyboardInterrupt):
        predict(inputs_of(photos), tmp_path / "moods.csv", InterruptedModel())
    return tmp_path / "moods.csv"


def test_a_stopped_prediction_resumes(photos: Path, begun: Path) -> None:
    model = WidthModel()
    result = predict(inputs_of(photos), begun, model)
    assert (result.rows, result.resumed, len(model.received)) == (8, 3, 4)


def test_another_model_is_refused(photos: Path, begun: Path) -> None:
    with pytest.raises(ConfigError, match=r'model was "toy" and is "new".*delete the folder'):
        predict(inputs_of(photos), begun, name="new")
    model = WidthModel()
    model.info = ModelInfo("lengths", ("가", "나"), 32)
    with pytest.raises(ConfigError, match=r"moods was .* and is"):
        predict(inputs_of(photos), begun, model)


def test_another_list_is_refused(photos: Path, begun: Path) -> None:
    (photos / "00.gif").write_bytes(picture(1))
    with pytest.raises(ConfigError, match=r"the inputs of 000000\.parquet were others"):
        predict(inputs_of(photos), begun)
    (photos / "00.gif").unlink()
    with pytest.raises(ConfigError, match="there were inputs after those of 0 parts"):
        predict([], begun)
    assert len([*begun.with_name("moods.csv.parts").glob("*.parquet")]) == 1


def test_an_existing_file_is_not_overwritten(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "moods.csv").write_text("mine")
    with pytest.raises(ConfigError, match="already exists"):
        predict(inputs_of(photos), tmp_path / "moods.csv")
    assert (tmp_path / "moods.csv").read_text() == "mine"
    with pytest.raises(ConfigError, match=r"must end in \.csv or \.parquet"):
        predict([], tmp_path / "moods.json")
    with pytest.raises(ConfigError, match="a folder that exists"):
        predict([], tmp_path / "none" / "moods.csv")


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_kill_during_the_clean_up_loses_nothing_and_the_same_command_ends_it(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    out = tmp_path / f"moods{ending}"
    with monkeypatch.context() as patch:
        patch.setattr(Parts, "clean_up", lambda parts: None)
        first = predict(inputs_of(photos), out)
    content = out.read_bytes()
    (tmp_path / f"moods{ending}.parts" / "000000.parquet").unlink()

    with pytest.raises(ConfigError, match="already exists and is not overwritten"):
        predict(inputs_of(photos), out, name="another model")
    model = WidthModel()
    again = predict(inputs_of(photos), out, model)
    assert again == BatchResult(first.rows, first.errors, first.rows, first.unsure)
    assert model.received == [] and out.read_bytes() == content
    assert not (tmp_path / f"moods{ending}.parts").exists()
    with pytest.raises(ConfigError, match="already exists and is not overwritten"):
        predict(inputs_of(photos), out)


def test_a_file_that_was_changed_after_its_end_is_not_taken_for_the_result(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "moods.csv"
    monkeypatch.setattr(Parts, "clean_up", lambda parts: None)
    predict(inputs_of(photos), out)
    out.write_bytes(b"mine")
    with pytest.raises(ConfigError, match="already exists and is not overwritten"):
        predict(inputs_of(photos), out)
    assert out.read_bytes() == b"mine"


def test_two_runs_do_not_write_the_same_file(photos: Path, begun: Path) -> None:
    with (
        FileLock(begun.with_name("moods.csv.parts") / "lock"),
        pytest.raises(ConfigError, match="Another run is writing"),
    ):
        predict(inputs_of(photos), begun)
    assert predict(inputs_of(photos), begun).rows == 8


def test_parts_that_have_lost_their_job_are_not_used(photos: Path, begun: Path) -> None:
    (begun.with_name("moods.csv.parts") / "job.json").unlink()
    assert predict(inputs_of(photos), begun).resumed == 0


def test_a_full_disk_is_an_error_that_keeps_the_parts(
    photos: Path, begun: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(output_table, "write_table", full)
        with pytest.raises(ConfigError, match=r"must be writable.*No space left.*goes on"):
            predict(inputs_of(photos), begun)
    assert predict(inputs_of(photos), begun).resumed == 3


def test_no_input_gives_a_table_without_rows(tmp_path: Path) -> None:
    assert predict([], tmp_path / "moods.parquet").rows == 0
    assert pq.read_table(tmp_path / "moods.parquet").column_names == COLUMNS


@pytest.mark.slow
def test_memory_does_not_grow_with_the_inputs_and_they_are_taken_as_needed(
    tmp_path: Path,
) -> None:
    taken = 0

    def inputs(count: int) -> Iterator[PredictionInput]:
        nonlocal taken
        for number in range(count):
            taken += 1
            name = f"pictures/of/a/long/path/{number:07}.jpg"
            yield PredictionInput(
                name, name, fault=InputFault("image_missing", f"no file {number}")
            )

    ahead: list[int] = []

    def peak(count: int) -> int:
        nonlocal taken
        taken = 0
        parts = tmp_path / f"{count}.csv.parts"

        def look_ahead(text: str) -> None:
            ahead.append(taken - 100 * len([*parts.glob("*.parquet")]))

        tracemalloc.start()
        out = tmp_path / f"{count}.csv"
        predict_to_file(
            WidthModel(), inputs(count), out, {}, batch_size=50, part_rows=100,
            report_progress=look_ahead,
        )  # fmt: skip
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert taken == count
        return highest

    peak(200)  # What is made once is made.
    few, many = peak(500), peak(10_000)
    assert max(ahead) == 100
    assert many < 1.3 * few
