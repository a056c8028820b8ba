"""Tests that each fault and oddity occurs once; they use csv and Pillow, not our readers."""

import csv
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps, UnidentifiedImageError

from dataset.sample.clips import draw_clip
from dataset.sample.extras import plan_extras
from dataset.sample.oddities import Oddity
from dataset.sample.settings import SampleSettings
from dataset.settings import DataSettings
from schemas.labels import DEFAULT_MOODS
from testing.aihub.fault_csv import FaultCsv, write_fault_csv

LIMITS = DataSettings()
SMALL = SampleSettings(long_side=320, short_side=180, frames_per_clip=4)


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> FaultCsv:
    return write_fault_csv(tmp_path_factory.mktemp("faults"), good_rows=6, settings=SMALL)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _odd(faults: FaultCsv, clip: str) -> tuple[dict[str, str], Path]:
    (row,) = (row for row in _rows(faults.csv) if row["clip"] == f"odd-{clip}")
    return row, faults.csv.parent / row["image_path"]


def _verdict(row: dict[str, str], earlier: set[tuple[str, str]], folder: Path) -> str:
    """Checks a row in the simplest way; returns the reason of refusal, or ``used``."""
    if unicodedata.normalize("NFC", row["labels"]) not in DEFAULT_MOODS:
        return "unknown_label"
    parts = row["bbox"].split(",")
    if len(parts) != 4:
        return "box_malformed"
    y, x, height, width = (int(part) for part in parts)
    if min(height, width) < 0:
        return "box_negative"
    if min(height, width) == 0:
        return "box_empty"
    if (row["image_path"], row["bbox"]) in earlier:
        return "duplicate_row"
    try:
        image = Image.open(folder / row["image_path"])
    except FileNotFoundError:
        return "image_missing"
    except UnidentifiedImageError:
        return "not_an_image"
    with image:
        if image.width * image.height > LIMITS.max_image_pixels:
            return "image_too_large"
        columns, lines = image.size
        if image.getexif().get(0x0112) == 6:
            columns, lines = lines, columns
        rows_outside = max(0, -y) + max(0, y + height - lines)
        columns_outside = max(0, -x) + max(0, x + width - columns)
        share = LIMITS.box_overhang
        if rows_outside > round(height * share) or columns_outside > round(width * share):
            return "box_outside_image"
        if min(height, width) < LIMITS.min_box_side:
            return "box_too_small"
        try:
            image.load()
        except OSError:
            return "image_truncated"
    return "used"


def test_each_fault_occurs_once_and_all_good_rows_are_used(faults: FaultCsv) -> None:
    earlier: set[tuple[str, str]] = set()
    verdicts, moods = Counter[str](), Counter[str]()
    for row in _rows(faults.csv):
        verdict = _verdict(row, earlier, faults.csv.parent)
        verdicts[verdict] += 1
        moods[unicodedata.normalize("NFC", row["labels"])] += verdict == "used"
        earlier.add((row["image_path"], row["bbox"]))
    # 6 good rows and 9 oddities.
    assert verdicts == {
        "used": 15,
        "unknown_label": 1,
        "box_malformed": 1,
        "box_negative": 1,
        "box_empty": 1,
        "duplicate_row": 1,
        "image_missing": 1,
        "not_an_image": 1,
        "image_too_large": 1,
        "box_outside_image": 1,
        "box_too_small": 1,
        "image_truncated": 1,
    }
    assert {mood: count for mood, count in moods.items() if count} == faults.used
    assert sum(faults.used.values()) == 15
    assert {reason.value: count for reason, count in faults.refused.items()} == {
        reason: count for reason, count in verdicts.items() if reason != "used"
    }


def test_each_fault_affects_its_own_row_only(faults: FaultCsv) -> None:
    for row in _rows(faults.csv):
        if row["clip"].startswith("fault-"):
            reason = _verdict(row, set(), faults.csv.parent)
            assert row["clip"] == f"fault-{reason}"


def test_rows_of_a_clip_are_together_with_faults_between_clips(faults: FaultCsv) -> None:
    clips = [row["clip"] for row in _rows(faults.csv)]
    good = [i for i, clip in enumerate(clips[:-1]) if "sample" in clip]
    # Clips of 4 and 2 rows with some of the 19 extras after each; the duplicate is last.
    assert good == [0, 1, 2, 3, 14, 15]
    assert len(set(clips[:4])) == 1
    assert clips[-1] == clips[0]


def test_csv_has_a_byte_order_mark_and_crlf_line_ends(faults: FaultCsv) -> None:
    content = faults.csv.read_bytes()
    assert content.startswith(b"\xef\xbb\xbfimage_path,bbox,labels,species,clip\r\n")
    assert content.count(b"\n") == content.count(b"\r\n") == 1 + 6 + 9 + 11


@pytest.mark.parametrize(
    ("clip", "mode", "kind"),
    [
        ("greyscale", "L", "JPEG"),
        ("cmyk", "CMYK", "JPEG"),
        ("palette", "P", "PNG"),
        ("rgba", "RGBA", "PNG"),
        ("png_named_jpg", "RGB", "PNG"),
    ],
)
def test_odd_images_have_their_mode(faults: FaultCsv, clip: str, mode: str, kind: str) -> None:
    _, path = _odd(faults, clip)
    assert path.suffix == (".png" if clip in ("palette", "rgba") else ".jpg")
    with Image.open(path) as image:
        assert (image.mode, image.format) == (mode, kind)


def test_the_rotated_image_contains_its_box_only_when_upright(faults: FaultCsv) -> None:
    row, path = _odd(faults, "exif_rotated")
    _, x, _, width = (int(part) for part in row["bbox"].split(","))
    (plan,) = (plan for plan in plan_extras(SMALL) if plan.kind is Oddity.EXIF_ROTATED)
    drawn = np.asarray(next(draw_clip(plan.clip, SMALL)).image, dtype=float)
    with Image.open(path) as stored:
        assert stored.size == (180, 320)
        assert x + width > 180
        upright = np.asarray(ImageOps.exif_transpose(stored), dtype=float)
    assert upright.shape == (180, 320, 3)
    # The difference by JPEG alone.
    assert np.abs(upright - drawn).mean() < 6


def test_odd_spellings_are_as_described(faults: FaultCsv) -> None:
    label = _odd(faults, "decomposed_label")[0]["labels"]
    assert label not in DEFAULT_MOODS
    assert unicodedata.normalize("NFC", label) in DEFAULT_MOODS
    assert _odd(faults, "spaced_box")[0]["bbox"].startswith(" ")
    _, path = _odd(faults, "quoted_path")
    assert path.name == 'Nabi, "the queen".jpg'
    assert path.is_file()
    assert '"images/odd-quoted_path/Nabi, ""the queen"".jpg",' in faults.csv.read_text("utf-8")


def test_too_many_good_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"1\.\.260.*Received: 261"):
        write_fault_csv(tmp_path, good_rows=261, settings=SMALL)
