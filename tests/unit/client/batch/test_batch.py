"""Any number of inputs becomes one file, whatever happens on the way."""

import csv
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
from client.batch import batch, output_table
from client.predict.prediction_inputs import Input, InputFault, of_pictures
from schemas.errors import ConfigError
from testing.models import quadrants as samples
from testing.paths import ROOT
from testing.serving.labelling_toy import MOODS, PART, LengthModel

COLUMNS = [
    "row", "image", "bbox", "mood", "probability_화남/불쾌", "probability_공포", "error", "detail",
]  # fmt: skip


def picture(length: int) -> bytes:
    """Returns a picture file of so many bytes: what follows a GIF's end is passed over."""
    return samples.encoded(samples.red_at(0, 2, 2), "GIF").ljust(length, b"\0")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Eight pictures of 100, 200, ... 800 bytes, the fifth broken."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(8):
        content = picture(100 * number + 100) if number != 4 else b"broken"
        (folder / f"{number}.gif").write_bytes(content)
    return folder


def inputs_of(folder: Path) -> list[Input]:
    return [*of_pictures(map(str, sorted(folder.iterdir())))]


def label(inputs: list[Input], out: Path, model: LengthModel | None = None, name: str = "toy"):  # type: ignore[no-untyped-def]
    return batch.label(model or LengthModel(), inputs, out, {"model": name}, batch=2, part=PART)


def test_there_is_a_row_for_every_input_and_both_formats_say_the_same(
    photos: Path, tmp_path: Path
) -> None:
    broken = Input("한,\n\udcff", "", fault=InputFault("box_empty", 'a "word"'), bbox="0,0,0,1")
    inputs = [*inputs_of(photos), broken]
    for ending in (".csv", ".parquet"):
        done = label(inputs, tmp_path / f"moods{ending}")
        assert (done.rows, done.found) == (9, 0)
        assert done.errors == {"not_an_image": 1, "box_empty": 1}
        assert not (tmp_path / f"moods{ending}.parts").exists()
    rows = pq.read_table(tmp_path / "moods.parquet").to_pylist()
    assert list(rows[0]) == COLUMNS
    assert [row["row"] for row in rows] == [*range(9)]
    assert rows[1] == dict(
        zip(COLUMNS, [1, str(photos / "1.gif"), "", MOODS[0], 0.8, 0.2, None, None], strict=True)
    )
    assert (rows[6]["mood"], rows[6]["probability_공포"]) == (MOODS[1], 0.7)
    assert (rows[4]["mood"], rows[4]["error"]) == (None, "not_an_image")
    assert rows[8] == dict(
        zip(
            COLUMNS,
            [8, "한,\n\\udcff", "0,0,0,1", None, None, None, "box_empty", 'a "word"'],
            strict=True,
        )
    )
    with (tmp_path / "moods.csv").open(encoding="utf-8", newline="") as file:
        told = [*csv.DictReader(file)]
    as_text = [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows]
    assert told == as_text


def run_toy(*arguments: str | Path) -> int:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    script = ROOT / "testing" / "serving" / "labelling_toy.py"
    done = subprocess.run([sys.executable, script, *arguments], cwd=ROOT, env=environment)
    return done.returncode


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_after_a_kill_the_same_command_goes_on_and_asks_nothing_twice(
    photos: Path, tmp_path: Path, ending: str
) -> None:
    out, asked = tmp_path / f"moods{ending}", tmp_path / "asked"
    assert run_toy(photos, out, asked, "6") == -9
    # Parts are pictures 0-2 and 3-5; the broken one is not asked: the sixth asked is picture 6.
    assert sorted(path.name for path in (tmp_path / f"moods{ending}.parts").glob("*.parquet")) == [
        "000000.parquet", "000001.parquet",
    ]  # fmt: skip
    assert not out.exists()
    assert asked.stat().st_size == 5
    assert run_toy(photos, out, asked) == 0
    assert asked.stat().st_size == 7
    assert run_toy(photos, tmp_path / f"whole{ending}", tmp_path / "other") == 0
    assert out.read_bytes() == (tmp_path / f"whole{ending}").read_bytes()


class BusyModel(LengthModel):
    """Is interrupted when it is asked for more than a part."""

    def predict(self, pictures, boxes):  # type: ignore[no-untyped-def]
        if len(self.asked) >= PART:
            raise KeyboardInterrupt
        return super().predict(pictures, boxes)


@pytest.fixture
def begun(photos: Path, tmp_path: Path) -> Path:
    """A file of which the first part is finished."""
    with pytest.raises(KeyboardInterrupt):
        label(inputs_of(photos), tmp_path / "moods.csv", BusyModel())
    return tmp_path / "moods.csv"


def test_a_stopped_labelling_goes_on(photos: Path, begun: Path) -> None:
    model = LengthModel()
    done = label(inputs_of(photos), begun, model)
    assert (done.rows, done.found, len(model.asked)) == (8, 3, 4)


def test_another_model_is_refused(photos: Path, begun: Path) -> None:
    with pytest.raises(ConfigError, match=r'model was "toy" and is "new".*delete the folder'):
        label(inputs_of(photos), begun, name="new")
    model = LengthModel()
    model.info = ModelInfo("lengths", ("가", "나"), 32)
    with pytest.raises(ConfigError, match=r"moods was .* and is"):
        label(inputs_of(photos), begun, model)


def test_another_list_is_refused(photos: Path, begun: Path) -> None:
    (photos / "00.gif").write_bytes(picture(50))
    with pytest.raises(ConfigError, match=r"the inputs of 000000\.parquet were others"):
        label(inputs_of(photos), begun)
    (photos / "00.gif").unlink()
    with pytest.raises(ConfigError, match="there were inputs after those of 0 parts"):
        label([], begun)
    assert len([*begun.with_name("moods.csv.parts").glob("*.parquet")]) == 1


def test_a_file_that_is_there_is_not_overwritten(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "moods.csv").write_text("mine")
    with pytest.raises(ConfigError, match="already there"):
        label(inputs_of(photos), tmp_path / "moods.csv")
    assert (tmp_path / "moods.csv").read_text() == "mine"
    with pytest.raises(ConfigError, match=r"must end in \.csv or \.parquet"):
        label([], tmp_path / "moods.json")
    with pytest.raises(ConfigError, match="a folder that is there"):
        label([], tmp_path / "none" / "moods.csv")


def test_two_runs_do_not_write_the_same_file(photos: Path, begun: Path) -> None:
    with (
        FileLock(begun.with_name("moods.csv.parts") / "lock"),
        pytest.raises(ConfigError, match="Another run is writing"),
    ):
        label(inputs_of(photos), begun)
    assert label(inputs_of(photos), begun).rows == 8


def test_parts_that_have_lost_their_job_are_not_used(photos: Path, begun: Path) -> None:
    (begun.with_name("moods.csv.parts") / "job.json").unlink()
    assert label(inputs_of(photos), begun).found == 0


def test_a_full_disk_is_an_error_that_keeps_the_parts(
    photos: Path, begun: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(output_table.pq, "write_table", full)
        with pytest.raises(ConfigError, match=r"must be writable.*No space left.*goes on"):
            label(inputs_of(photos), begun)
    assert label(inputs_of(photos), begun).found == 3


def test_no_input_gives_a_table_without_rows(tmp_path: Path) -> None:
    assert label([], tmp_path / "moods.parquet").rows == 0
    assert pq.read_table(tmp_path / "moods.parquet").column_names == COLUMNS


def test_memory_does_not_grow_with_the_inputs_and_they_are_taken_as_needed(
    tmp_path: Path,
) -> None:
    taken = 0

    def names(count: int) -> Iterator[Input]:
        nonlocal taken
        for number in range(count):
            taken += 1
            name = f"pictures/of/a/long/path/{number:07}.jpg"
            yield Input(name, name, fault=InputFault("image_missing", f"no file {number}"))

    ahead: list[int] = []

    def peak(count: int) -> int:
        nonlocal taken
        taken = 0
        parts = tmp_path / f"{count}.csv.parts"

        def look(words: str) -> None:
            ahead.append(taken - 100 * len([*parts.glob("*.parquet")]))

        tracemalloc.start()
        out = tmp_path / f"{count}.csv"
        batch.label(LengthModel(), names(count), out, {}, batch=50, part=100, say=look)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert taken == count
        return highest

    peak(200)  # What is made once is made.
    few, many = peak(500), peak(10_000)
    assert max(ahead) == 100
    assert many < 1.3 * few
