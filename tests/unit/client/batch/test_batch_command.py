"""The command line with many pictures: a CSV's rows, or a folder, into a file."""

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from client.inference import run
from client.predict.whole_photos import WARNING as WHOLE_PHOTOS
from client.predict_request import PredictRequest
from testing.client.inference_command import call
from testing.models import quadrants
from testing.serving import fake_grpc, fake_rest
from testing.serving.fake_serving import FakeServing


@pytest.fixture
def table(photos: Path) -> Path:
    """A CSV of a good picture, twice, a broken one, a missing one and a malformed box."""
    path = photos.parent / "list.csv"
    path.write_text(
        "image_path,bbox,labels\n"
        'photos/a.png,,\nphotos/a.png,"16,0,16,16",공포\n'
        'photos/b.png,"0,0,9,9",\nphotos/none.png,,\nphotos/a.png,"1,2",\n',
        encoding="utf-8",
    )
    return path


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["version", "checkpoint", "grpc", "http"])
def test_a_csv_gets_the_same_moods_from_every_backend(
    backend: str, request: pytest.FixtureRequest, table: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = table.with_name("moods.parquet")
    settings = PredictRequest(None, csv=table, out=out, batch=2)
    with contextlib.ExitStack() as stack:
        if backend in ("grpc", "http"):
            serving = FakeServing("pet_mood", request.getfixturevalue("versions"))
            serve = {"grpc": fake_grpc.serve_grpc, "http": fake_rest.serve_rest}[backend]
            settings = replace(settings, server=stack.enter_context(serve(serving)))
        else:
            label = request.getfixturevalue("label_file") if backend == "checkpoint" else None
            path = request.getfixturevalue(backend)
            settings = replace(settings, weight_path=path, label=label)
        assert run(settings) == 1
    rows = pq.read_table(out).to_pylist()
    assert [row["mood"] for row in rows] == ["행복/즐거움", "행복/즐거움", None, None, None]
    assert rows[0]["probability_행복/즐거움"] == pytest.approx(quadrants.RED_PROBABILITY, abs=1e-5)
    # Widened by a pixel the box has one black row and one black column, at the top and right.
    assert rows[1]["probability_행복/즐거움"] < 0.6
    assert [row["error"] for row in rows[2:]] == ["not_an_image", "image_missing", "box_malformed"]
    assert [row["image"] for row in rows[3:]] == ["photos/none.png", "photos/a.png"]
    out_text, err_text = capfd.readouterr()
    assert out_text == ""
    assert err_text == (
        f"warning: {WHOLE_PHOTOS}\n{out}: 5 rows, 2 with a mood, 3 without "
        "(1 not_an_image, 1 image_missing, 1 box_malformed)\n"
    )
    assert run(settings) == 2
    assert "already exists" in capfd.readouterr().err


@pytest.mark.slow
def test_a_folder_is_predicted_into_a_file_and_all_predicted_is_0(
    version: Path, photos: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (photos / "b.png").unlink()
    out = photos / "moods.csv"
    assert run(PredictRequest(version, pictures=(str(photos),), out=out)) == 0
    head, row = out.read_text(encoding="utf-8-sig").splitlines()
    assert head.startswith("row,image,bbox,mood,probability_화남/불쾌,")
    assert row.startswith(f"0,{photos / 'a.png'},,행복/즐거움,")
    assert capfd.readouterr().err == (
        f"warning: {WHOLE_PHOTOS}\n{out}: 1 rows, 1 with a mood, 0 without\n"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"out": None}, "--csv replaces the PICTURE arguments and needs --out"),
        ({"pictures": ("a.jpg",)}, "Received: 1 PICTURE arguments"),
        ({"out": Path("moods.txt")}, r"--out must end in .csv or .parquet"),
        ({"csv": Path("none.csv")}, "--csv must name a file"),
    ],
)
def test_wrong_settings_of_a_batch_are_2_before_tensorflow_is_loaded(
    version: Path,
    table: Path,
    capfd: pytest.CaptureFixture[str],
    change: dict[str, Any],
    message: str,
) -> None:
    settings = PredictRequest(version, csv=table, out=table.with_name("moods.csv"))
    assert run(replace(settings, **change)) == 2
    assert message in capfd.readouterr().err
    assert not table.with_name("moods.csv.parts").exists()


@pytest.mark.slow
def test_the_command_predicts_a_csv(version: Path, table: Path) -> None:
    done = call("--weight_path", version, "--csv", table, "--out", table.with_name("moods.csv"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "5 rows, 2 with a mood, 3 without" in done.stderr
