"""How fast ``dataset.prepare`` reads clips, beside what the original project's notebook did.

Both read one drawn tree of 2,000 clips x 35 frames with every fault planted, in one run; the
counts are compared with what was planted, and a wrong one is an error.

    uv run python -m benchmarks.prepare_speed
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from testing.aihub.tree import TreeCounts, TreeSettings, write_tree

ORIGINAL_RATE = 163
"""Clips a second that the original project reports, on its own machine."""


def notebook(root: Path, out: Path) -> int:
    """Does what the original's notebook did, in one loop, and returns the number of rows.

    Faulty label files, at which it would have stopped, are passed over.
    """
    tables = []
    for path in sorted(root.glob("*/*/labels/*/*.json")):
        try:
            with open(path, encoding="utf-8") as file:
                content = json.load(file)
            mood = content["metadata"]["inspect"]["emotion"]
            frames = content["annotations"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        folder = str(path).replace("/labels/", "/images/").removesuffix(".json")
        rows = []
        for frame in frames:
            name = f"frame_{frame['frame_number']}_timestamp_{frame['timestamp']}.jpg"
            image = f"{folder}/{name}"
            box = frame["bounding_box"]
            # One look a frame, as the notebook had it: that is part of what is measured.
            if os.path.exists(image) and box:
                sides = f"{box['y']},{box['x']},{box['height']},{box['width']}"
                rows.append({"image_path": image, "bbox": sides, "labels": mood})
        tables.append(pd.DataFrame(rows))
    table = pd.concat(tables, ignore_index=True)
    table.to_csv(out, index=False)
    return len(table)


class Seconds(NamedTuple):
    """Time on the clock, and of all processors and processes together."""

    clock: float
    cpu: float

    def rates(self, files: int) -> dict[str, int]:
        """Returns label files a second; by the CPU's time others on the machine count less."""
        return {
            "clips_per_s": round(files / self.clock),
            "clips_per_cpu_s": round(files / self.cpu),
        }


def ours(root: Path, out: Path, *more: str) -> Seconds:
    """Runs the command line, start-up included."""
    start, before = time.perf_counter(), os.times()
    command = [
        sys.executable,
        "-m",
        "dataset.prepare",
        "--root",
        str(root),
        "--out",
        str(out),
        *more,
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    cpu = sum(after[2:4]) - sum(before[2:4])
    return Seconds(time.perf_counter() - start, cpu)


def check_counts(out: Path, counts: TreeCounts, images_checked: bool) -> None:
    """Raises an AssertionError unless the summary has exactly what was planted."""
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    for split, told in summary["splits"].items():
        frames, rejects = Counter(counts.frames[split]), Counter(counts.rejects[split])
        if images_checked and split == "train":
            frames -= counts.image_rejects_by_mood
            rejects += counts.image_rejects
        clips = {mood: each["clips"] for mood, each in told["moods"].items()}
        _same(f"{split} clips", clips, counts.clips[split])
        _same(f"{split} frames", {m: each["frames"] for m, each in told["moods"].items()}, frames)
        _same(f"{split} rejects", told["rejects"], rejects)
        _same(f"{split} label files", told["label_files"], counts.label_files[split])
        _same(f"{split} without image", told["frames_without_image"], counts.without_image[split])
    _same("animals", summary["animals"]["groups"], counts.animals)


def _same(what: str, told: object, planted: object) -> None:
    if told != planted:
        raise AssertionError(f"{what}: planted {planted}. Received: {told}")


def measure(folder: Path, clips: int, frames: int, faults: int, workers: int) -> dict[str, Any]:
    """Draws the tree and measures both ways on it."""
    root = folder / "tree"
    val = clips // 8
    counts = write_tree(root, TreeSettings(clips - val, val, frames, faults))
    files = counts.label_files.total()
    start, before = time.perf_counter(), time.process_time()
    rows = notebook(root, folder / "notebook.csv")
    loop = Seconds(time.perf_counter() - start, time.process_time() - before)
    seconds = ours(root, folder / "ours", "--workers", str(workers))
    check_counts(folder / "ours", counts, images_checked=False)
    single = ours(root, folder / "single", "--workers", "1")
    checked = ours(root, folder / "checked", "--workers", str(workers), "--check-images")
    check_counts(folder / "checked", counts, images_checked=True)
    tables = ("train.csv", "val.csv", "rejects.csv", "summary.json")
    same = all(
        (folder / "ours" / name).read_bytes() == (folder / "single" / name).read_bytes()
        for name in tables
    )
    _same("bytes with 1 worker", same, True)
    return {
        "label_files": files,
        "frames_a_clip": frames,
        "workers": workers,
        "counts": "exact",
        "same_bytes_with_1_worker": same,
        "notebook": loop.rates(files) | {"rows": rows},
        "prepare": seconds.rates(files),
        "prepare_1_worker": single.rates(files),
        "prepare_check_images": checked.rates(files),
        "ratio_to_notebook_here": round(loop.clock / seconds.clock, 2),
        "ratio_to_original_report": round(files / seconds.clock / ORIGINAL_RATE, 2),
    }


def main() -> int:
    """Measures and prints JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=2000)
    parser.add_argument("--frames", type=int, default=35)
    parser.add_argument("--faults", type=int, default=5, help="times each fault is planted")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = measure(Path(folder), asked.clips, asked.frames, asked.faults, asked.workers)
    print(json.dumps(told, ensure_ascii=False, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
