"""What photos are chosen from: a gateway's request log, and tables that are none."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from client.labelling.__main__ import main
from schemas import request_log
from schemas.labels import DEFAULT_MOODS
from system.arrow import pa
from system.parquet import schema_of, write_table


def log_table(rows: list[dict[str, Any]]) -> pa.Table:
    whole = [dict.fromkeys(request_log.COLUMNS) | row for row in rows]
    return pa.Table.from_pylist(whole, schema_of(request_log.COLUMNS))


def test_a_request_log_gives_its_photos(folder: Path) -> None:
    content = io.BytesIO()
    Image.new("RGB", (64, 48)).save(content, "PNG")
    log = folder / "log"
    log.mkdir()
    kept = {
        "request_id": "abc",
        "moods": list(DEFAULT_MOODS),
        "probabilities": [0.5, 0.5, 0.0, 0.0, 0.0, 0.0],
        "box": [1, 2, 30, 40],
        "photo": content.getvalue(),
    }
    rows = [kept, {**kept, "request_id": "private", "photo": None}]
    write_table(log_table(rows), str(log / "requests-1.parquet"))
    out = folder / "queue"
    assert main(["queue", "--predictions", str(log), "--out", str(out)]) == 0
    with (out / "queue.csv").open(encoding="utf-8") as file:
        (only,) = csv.DictReader(file)
    assert (only["image"], only["bbox"]) == (str(out / "photos/000000.png"), "1,2,30,40")
    assert (out / "photos/000000.png").read_bytes() == content.getvalue()


TWO = "image,probability_a,probability_b\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "image,mood\na.jpg,x\n",
        "image\n",
        f"{TWO}a.jpg,x,0.5\n",
        f"{TWO}a.jpg,nan,0.5\n",
        f"{TWO}a.jpg,1e300,0.5\n",
        f"{TWO}a.jpg,0.5\n",
        f"{TWO}a.jpg,0.5,0.5,0.5\n",
        f"{TWO}a\0.jpg,0.5,0.5\n",
    ],
)
def test_other_tables_are_refused(
    text: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "other.csv").write_text(text)
    flags = ["--predictions", str(folder / "other.csv"), "--out", str(folder / "queue")]
    assert main(["queue", *flags]) == 2
    assert capsys.readouterr().err.startswith("error: ")
    assert not (folder / "queue").exists()


LOGGED = {
    "request_id": "abc",
    "moods": list(DEFAULT_MOODS),
    "probabilities": [0.5, 0.5, 0.0, 0.0, 0.0, 0.0],
    "photo": b"x",
}


@pytest.mark.parametrize(
    "change",
    [
        {"box": [1, 2, 3]},
        {"box": [1, 2, None, 4]},
        {"moods": None},
        {"moods": ["a", None]},
        {"probabilities": [0.5]},
        {"probabilities": [None] * 6},
        {"probabilities": [float("inf")] * 6},
    ],
    ids=str,
)
def test_an_altered_log_is_refused(
    change: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_table(log_table([{**LOGGED, **change}]), str(tmp_path / "requests-1.parquet"))
    flags = ["--predictions", str(tmp_path), "--out", str(tmp_path / "queue")]
    assert main(["queue", *flags]) == 2
    assert "which nobody has altered" in capsys.readouterr().err
