"""The folder that the labelling's tests choose from."""

import csv
from pathlib import Path

import pytest

from schemas.labels import DEFAULT_MOODS
from testing.client.labelling import HAPPY, picture, row


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with five photos of four clips, their predictions, and a train table."""
    rows = [
        row("new/a/frame_0_timestamp_0.jpg", "10,20,50,100", 0.5, 0.5),
        row("new/a/frame_6_timestamp_200.jpg", "10,20,50,100", 0.51, 0.49),
        row("new/turned.jpg", "", 0.1, 0.9),
        row("new/sure.jpg", "", 0.0, 0.0, 1.0),
        row("new/absent.jpg", "", 0.4, 0.6),
        {"image": "new/bad.jpg", "bbox": ""}
        | {f"probability_{mood}": "" for mood in DEFAULT_MOODS},
    ]
    for each in rows[:4]:
        picture(tmp_path / each["image"], turned="turned" in each["image"])
    picture(tmp_path / "new/sure.jpg", "red")
    picture(tmp_path / "train.jpg")
    (tmp_path / "train.csv").write_text(
        f'image_path,bbox,labels\ntrain.jpg,"0,0,100,200",{HAPPY}\n', "utf-8"
    )
    with (tmp_path / "predicted.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return tmp_path
