"""The whole pipeline on many frames: time and memory of each node, and the real set's time.

Frames are made of a few drawn ones, shifted, tinted and encoded anew, so that tens of thousands
take minutes and not hours; their stored crops are as large as those of real frames. Training is
cut to a few steps. Each size runs in a process of its own.

    uv run python -m benchmarks.scale --frames 2000 10000 50000
"""

import argparse
import csv
import functools
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageEnhance

from dataset.boxes import PixelBox, parse_box
from dataset.csv_rows import read_rows
from dataset.sample.settings import SampleSettings
from dataset.sample.writer import write_sample
from schemas.labels import DEFAULT_MOODS
from system.processes import worker_pool

REAL_FRAMES = {"train": 2_127_962, "eval": 757_078}
FRAMES_A_CLIP = 35
EVAL_ROWS = 256
"""The Evaluator's time is that of the network: enough of them to have a rate."""
SIZE = (640, 480)
SHIFT = 60
SETTINGS = (
    "model.weights=none",
    "train.epochs=1",
    "train.steps_per_epoch=6",
    "train.batch_size=32",
    # Every frame is a copy of one of a few.
    "leak.max_picture_share=1",
)


def draw(folder: Path, frames: int, workers: int) -> None:
    """Writes train.csv with about ``frames`` rows, val.csv and the photos."""
    base = write_sample(
        folder / "base",
        SampleSettings(
            train_clips=(4,) * 6,
            eval_clips=(1,) * 6,
            frames_per_clip=1,
            long_side=SIZE[0] + SHIFT,
            short_side=SIZE[1] + SHIFT,
            with_faults=False,
        ),
    )
    sources = [
        (str(base.folder / row.image_path), parse_box(row.bbox), row.label)
        for row in read_rows(str(base.train_csv))
    ]
    for name, rows in (("train", frames), ("val", EVAL_ROWS)):
        clips = [f"{name}-{number:06d}" for number in range(-(-rows // FRAMES_A_CLIP))]
        save = functools.partial(_save_clip, folder, sources)
        with (
            worker_pool(workers) as pool,
            (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file,
        ):
            writer = csv.writer(file)
            writer.writerow(["image_path", "bbox", "labels", "species", "clip"])
            done = pool.map(save, clips, chunksize=8) if pool else map(save, clips)
            for lines in done:
                writer.writerows(lines)


def _save_clip(
    folder: Path, sources: list[tuple[str, PixelBox, str]], clip: str
) -> list[tuple[str, str, str, str, str]]:
    rng = np.random.default_rng(int.from_bytes(clip.encode(), "big") % 2**63)
    path, box, label = sources[rng.integers(len(sources))]
    (folder / "images" / clip).mkdir(parents=True)
    lines = []
    with Image.open(path) as image:
        image = ImageEnhance.Color(image).enhance(rng.uniform(0.5, 1.5))
        width, height = image.width - SHIFT, image.height - SHIFT
        for frame in range(FRAMES_A_CLIP):
            # The head stays inside: it is at least the shift away from the edges.
            left = int(rng.integers(0, min(SHIFT, box.x) + 1))
            top = int(rng.integers(0, min(SHIFT, box.y) + 1))
            name = f"images/{clip}/frame_{6 * frame}_timestamp_{200 * frame}.jpg"
            part = image.crop((left, top, left + width, top + height))
            part.save(folder / name, quality=90)
            high = min(box.height, height - (box.y - top))
            wide = min(box.width, width - (box.x - left))
            text = f"{box.y - top},{box.x - left},{high},{wide}"
            lines.append((name, text, label, "CAT", clip))
    return lines


def run(folder: Path, output: Path, more: list[str], data_only: bool) -> dict[str, Any]:
    """Runs the pipeline in a process of its own and returns its run.json.

    Where only the data nodes are asked for, the DataGate is made to refuse the copies.
    """
    if data_only:
        more = [*more, "leak.max_picture_share=0"]
    command = [
        *(sys.executable, "local_runner.py", "--output", str(output)),
        *("--train-csv", str(folder / "train.csv"), "--eval-csv", str(folder / "val.csv")),
    ]
    command += [part for text in (*SETTINGS, *more) for part in ("--set", text)]
    # A model of a few steps is not blessed: exit code 4. Refused data ends in 3.
    subprocess.run(command, check=False, stdout=sys.stderr)
    record: dict[str, Any] = json.loads((output / "run.json").read_text("utf-8"))
    if record["exit"] not in ((3,) if data_only else (0, 4)):
        raise RuntimeError(f"The run ended with {record['exit']}: {record['error']}")
    return record


def table(record: dict[str, Any]) -> dict[str, Any]:
    """Returns the figures of each node of a run."""
    return {
        "rows": {split: rows["used"] for split, rows in record["rows"].items()},
        "seconds": record["seconds"],
        "nodes": {
            name: {"seconds": round(node["seconds"], 1), "peak_mib": node["peak_mib"]}
            for name, node in record["nodes"].items()
            if node["seconds"] is not None
        },
    }


def expected(small: dict[str, Any], large: dict[str, Any]) -> dict[str, Any]:
    """Extrapolates each node's time in a straight line through two sizes to the real set.

    The training and the Evaluator are left out: theirs is the network's time.
    """
    rows = [sum(run["rows"].values()) for run in (small, large)]
    real = sum(REAL_FRAMES.values())
    told = {}
    for name, node in large["nodes"].items():
        slope = (node["seconds"] - small["nodes"][name]["seconds"]) / (rows[1] - rows[0])
        told[name] = {
            "us_per_frame": round(1e6 * slope, 1),
            "minutes_at_real_size": round((node["seconds"] + slope * (real - rows[1])) / 60, 1),
        }
    return told


def measured(
    sizes: list[int], workers: int, more: list[str], data_only: bool
) -> Iterator[dict[str, Any]]:
    """Draws and runs each size, and yields its figures."""
    for frames in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            draw(folder, frames, workers)
            figures = table(run(folder, folder / "output", more, data_only))
            shutil.rmtree(folder / "output")
            print(json.dumps(figures), file=sys.stderr)
            yield figures


def main() -> int:
    """Measures and prints JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, nargs="+", default=[2000, 10_000, 50_000])
    parser.add_argument("--workers", type=int, default=2, help="processes that draw")
    parser.add_argument("--set", action="append", default=[], dest="more", metavar="NAME=VALUE")
    parser.add_argument("--data-only", action="store_true", help="end at the DataGate")
    asked = parser.parse_args()
    runs = list(measured(asked.frames, asked.workers, asked.more, asked.data_only))
    told: dict[str, Any] = {"moods": len(DEFAULT_MOODS), "runs": runs}
    if len(runs) > 1:
        told["peak_mib_ratio_last_to_first"] = {
            name: round(node["peak_mib"] / runs[0]["nodes"][name]["peak_mib"], 2)
            for name, node in runs[-1]["nodes"].items()
        }
        told["expected_at_real_size"] = expected(runs[0], runs[-1])
    print(json.dumps(told, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
