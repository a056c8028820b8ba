"""Time and memory of each node of the pipeline on many frames, and the real set's time.

Frames are shifted, tinted and newly encoded copies of a few drawn ones, so that tens of thousands
take minutes and not hours. Their stored crops are as large as those of real frames. Training is
cut to a few steps. For each size the pipeline runs in a new process.

    uv run python -m benchmarks.scale --rows 2000 10000 50000
"""

import csv
import functools
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageEnhance

from benchmarks import flags
from dataset.boxes import PixelBox, parse_box
from dataset.csv_rows import read_rows
from dataset.sample.settings import SampleSettings
from dataset.sample.writer import write_sample
from runner.settings_flags import add_set_flag
from schemas.labels import DEFAULT_MOODS
from system.processes import worker_pool

REAL_FRAMES = {"train": 2_127_962, "eval": 757_078}
"""Of AI Hub's set."""
FRAMES_PER_CLIP = 35
EVAL_ROWS = 256
"""Enough to give a rate: the Evaluator's time is that of the network."""
FRAME_SIZE = (640, 480)
"""Width and height, pixels."""
MAX_SHIFT = 60
"""Pixels."""
SETTINGS = (
    "model.weights=none",
    "train.epochs=1",
    "train.steps_per_epoch=6",
    "train.batch_size=32",
    # Every frame is a copy of one of a few.
    "leak.max_picture_share=1",
)


class Source(NamedTuple):
    """A drawn frame of which copies are made."""

    path: str
    box: PixelBox
    label: str


def draw(folder: Path, rows: int, workers: int) -> None:
    """Writes train.csv with about ``rows`` rows, val.csv and the photos."""
    base = write_sample(
        folder / "base",
        SampleSettings(
            train_clips=(4,) * 6,
            eval_clips=(1,) * 6,
            frames_per_clip=1,
            long_side=FRAME_SIZE[0] + MAX_SHIFT,
            short_side=FRAME_SIZE[1] + MAX_SHIFT,
            with_faults=False,
        ),
    )
    sources = [
        Source(str(base.folder / row.image_path), parse_box(row.bbox), row.label)
        for row in read_rows(str(base.train_csv))
    ]
    for name, count in (("train", rows), ("val", EVAL_ROWS)):
        clips = [f"{name}-{number:06d}" for number in range(-(-count // FRAMES_PER_CLIP))]
        save = functools.partial(_save_clip, folder, sources)
        with (
            worker_pool(workers) as pool,
            (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file,
        ):
            writer = csv.writer(file)
            writer.writerow(["image_path", "bbox", "labels", "species", "clip"])
            saved = pool.map(save, clips, chunksize=8) if pool else map(save, clips)
            for lines in saved:
                writer.writerows(lines)


def _save_clip(
    folder: Path, sources: list[Source], clip: str
) -> list[tuple[str, str, str, str, str]]:
    """Writes the frames of a clip and returns their lines of the CSV."""
    rng = np.random.default_rng(int.from_bytes(clip.encode(), "big") % 2**63)
    path, box, label = sources[rng.integers(len(sources))]
    (folder / "images" / clip).mkdir(parents=True)
    lines = []
    with Image.open(path) as image:
        tinted = ImageEnhance.Color(image).enhance(rng.uniform(0.5, 1.5))

    width, height = tinted.width - MAX_SHIFT, tinted.height - MAX_SHIFT
    for frame in range(FRAMES_PER_CLIP):
        # No shift is larger than the box's distance from the edge: the head stays inside.
        left = int(rng.integers(0, min(MAX_SHIFT, box.x) + 1))
        top = int(rng.integers(0, min(MAX_SHIFT, box.y) + 1))
        name = f"images/{clip}/frame_{6 * frame}_timestamp_{200 * frame}.jpg"
        part = tinted.crop((left, top, left + width, top + height))
        part.save(folder / name, quality=90)
        box_height = min(box.height, height - (box.y - top))
        box_width = min(box.width, width - (box.x - left))
        text = f"{box.y - top},{box.x - left},{box_height},{box_width}"
        lines.append((name, text, label, "CAT", clip))
    return lines


def run(folder: Path, output: Path, overrides: list[str], data_only: bool) -> dict[str, Any]:
    """Runs the pipeline in a new process and returns its run.json.

    Args:
      folder: of ``draw``.
      output: the run's output folder.
      overrides: settings over ``SETTINGS``, "NAME=VALUE" each.
      data_only: makes the DataGate refuse the copies, so that the run ends after the data nodes.

    Raises:
      RuntimeError: the run ended with another exit code than expected.
    """
    if data_only:
        overrides = [*overrides, "leak.max_picture_share=0"]
    command = [
        *(sys.executable, "local_runner.py", "--output", str(output)),
        *("--train-csv", str(folder / "train.csv"), "--eval-csv", str(folder / "val.csv")),
    ]
    command += [part for setting in (*SETTINGS, *overrides) for part in ("--set", setting)]
    subprocess.run(command, check=False, stdout=sys.stderr)
    record: dict[str, Any] = json.loads((output / "run.json").read_text("utf-8"))
    # A model of a few steps is not blessed: exit code 4. Refused data: exit code 3.
    if record["exit"] not in ((3,) if data_only else (0, 4)):
        raise RuntimeError(f"The run ended with {record['exit']}: {record['error']}")
    return record


def node_figures(record: dict[str, Any]) -> dict[str, Any]:
    """Returns rows, seconds and each node's seconds and peak memory from a run.json."""
    return {
        "rows": {split: rows["used"] for split, rows in record["rows"].items()},
        "seconds": record["seconds"],
        "nodes": {
            name: {"seconds": round(node["seconds"], 1), "peak_mib": node["peak_mib"]}
            for name, node in record["nodes"].items()
            if node["seconds"] is not None
        },
    }


def extrapolate(small: dict[str, Any], large: dict[str, Any]) -> dict[str, Any]:
    """Extrapolates each node's time linearly from two sizes to the real set.

    Does not hold for the Trainer and the Evaluator, whose time is that of the network.

    Args:
      small: ``node_figures`` of a run.
      large: the same of a run on more rows.

    Returns:
      Microseconds a frame and minutes for the real set, by node.
    """
    rows = [sum(figures["rows"].values()) for figures in (small, large)]
    real = sum(REAL_FRAMES.values())
    expected = {}
    for name, node in large["nodes"].items():
        slope = (node["seconds"] - small["nodes"][name]["seconds"]) / (rows[1] - rows[0])
        expected[name] = {
            "us_per_frame": round(1e6 * slope, 1),
            "minutes_at_real_size": round((node["seconds"] + slope * (real - rows[1])) / 60, 1),
        }
    return expected


def measure(
    sizes: list[int], workers: int, overrides: list[str], data_only: bool
) -> Iterator[dict[str, Any]]:
    """Draws and runs each size, and yields its figures.

    Args:
      sizes: rows of train.csv.
      workers: processes that draw.
      overrides: see ``run``.
      data_only: see ``run``.
    """
    for rows in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            draw(folder, rows, workers)
            figures = node_figures(run(folder, folder / "output", overrides, data_only))
            print(json.dumps(figures), file=sys.stderr)
            yield figures


def main() -> int:
    """Prints the figures of each size as JSON; returns 0."""
    parser = flags.parser(__doc__)
    flags.add_rows(parser, [2000, 10_000, 50_000])
    flags.add_workers(parser)
    add_set_flag(parser)
    parser.add_argument("--data-only", action="store_true", help="ends each run at the DataGate")
    args = parser.parse_args()
    runs = list(measure(args.rows, args.workers, args.overrides, args.data_only))
    figures: dict[str, Any] = {"moods": len(DEFAULT_MOODS), "runs": runs}
    if len(runs) > 1:
        figures["peak_mib_ratio_last_to_first"] = {
            name: round(node["peak_mib"] / runs[0]["nodes"][name]["peak_mib"], 2)
            for name, node in runs[-1]["nodes"].items()
        }
        figures["expected_at_real_size"] = extrapolate(runs[0], runs[-1])
    print(json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
