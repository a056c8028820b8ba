"""The estimated size of Examples, against crops that are made one by one."""

from pathlib import Path

import pytest
from PIL import Image

from dataset.boxes import PixelBox
from dataset.photo import make_crop
from dataset.settings import DataSettings
from dataset.stored_size import ROW_BYTES, stored_size
from dataset.thinning import ThinSettings

RULES, ALL = DataSettings(), ThinSettings()
BOX = PixelBox(10, 10, 60, 80)


def write_table(folder: Path, clips: int, frames: int) -> Path:
    """Noisy photos, the later ones larger on the disk and so in the crop."""
    lines = ["image_path,bbox,labels,clip"]
    for clip in range(clips):
        name = f"{clip}.png"
        noise = Image.effect_noise((160, 120), 1 + 100 * clip / clips)
        noise.convert("RGB").save(folder / name)
        lines += [f'{name},"10,{10 + n},60,80",a,c{clip}' for n in range(frames)]
    csv = folder / "rows.csv"
    csv.write_text("\n".join(lines) + "\n", "utf-8")
    return csv


@pytest.mark.slow
def test_the_estimate_is_the_mean_crop_times_the_rows(tmp_path: Path) -> None:
    csv = write_table(tmp_path, clips=140, frames=1)
    crops = [
        len(make_crop((tmp_path / f"{clip}.png").read_bytes(), BOX, RULES, 64).jpeg)
        for clip in range(140)
    ]
    size = stored_size(csv, tmp_path, RULES, ALL, 64)
    assert size.rows == 140
    assert size.bytes == pytest.approx(sum(crops) + 140 * ROW_BYTES, rel=0.05)
    assert max(crops) > 1.5 * min(crops)  # Otherwise any row would do.


def test_refused_rows_need_no_crop(tmp_path: Path) -> None:
    csv = write_table(tmp_path, clips=4, frames=1)
    for clip in range(4):
        (tmp_path / f"{clip}.png").write_bytes(b"no photo")
    assert stored_size(csv, tmp_path, RULES, ALL, 64).bytes == 4 * ROW_BYTES


def test_an_empty_table_needs_nothing(tmp_path: Path) -> None:
    csv = tmp_path / "rows.csv"
    csv.write_text("image_path,bbox,labels\n", "utf-8")
    assert stored_size(csv, tmp_path, RULES, ALL, 64).bytes == 0


@pytest.mark.parametrize(
    ("thin", "kept"),
    [
        (ThinSettings(), 15),
        (ThinSettings(max_frames=4), 12),
        (ThinSettings(max_frames=9), 15),
        # Only the pixels tell which frames differ: one of a clip surely stays.
        (ThinSettings(min_distance=5), 3),
    ],
)
def test_of_a_thinned_table_only_what_surely_stays_is_counted(
    tmp_path: Path, thin: ThinSettings, kept: int
) -> None:
    csv = write_table(tmp_path, clips=3, frames=5)
    size = stored_size(csv, tmp_path, RULES, thin, 64)
    assert (size.rows, size.kept) == (15, kept)
