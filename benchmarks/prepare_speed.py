"""Clips a second of ``dataset.prepare``, and of the original project's notebook.

Both read one drawn tree of 2,000 clips x 35 frames with every fault planted, in one run. The
counts are compared with the planted ones; a wrong count is an error.

    uv run python -m benchmarks.prepare_speed
"""

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

from benchmarks import flags
from testing.aihub.clip_drafts import TreeSettings
from testing.aihub.tree import TreeCounts, write_tree

ORIGINAL_RATE = 163
"""Clips a second that the original project reports, on its own machine."""


def notebook(root: Path, out: Path) -> int:
    """Reads the tree in one loop as the original's notebook did and returns the number of rows.

    The notebook would have stopped at a faulty label file; here such files are skipped.
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
            # The notebook checked each frame's file: this cost is a part of the measurement.
            if os.path.exists(image) and box:
                sides = f"{box['y']},{box['x']},{box['height']},{box['width']}"
                rows.append({"image_path": image, "bbox": sides, "labels": mood})
        tables.append(pd.DataFrame(rows))
    table = pd.concat(tables, ignore_index=True)
    table.to_csv(out, index=False)
    return len(table)


class Seconds(NamedTuple):
    """Time on the clock, and CPU time of all processes together."""

    clock: float
    cpu: float

    def rates(self, files: int) -> dict[str, int]:
        """Returns label files a second. CPU time depends less on the machine's other work."""
        return {
            "clips_per_s": round(files / self.clock),
            "clips_per_cpu_s": round(files / self.cpu),
        }


def ours(root: Path, out: Path, *arguments: str) -> Seconds:
    """Runs ``dataset.prepare`` and returns its time, start-up included."""
    start, before = time.perf_counter(), os.times()
    command = [
        sys.executable,
        "-m",
        "dataset.prepare",
        "--root",
        str(root),
        "--out",
        str(out),
        *arguments,
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    cpu = sum(after[2:4]) - sum(before[2:4])
    return Seconds(time.perf_counter() - start, cpu)


def check_counts(out: Path, counts: TreeCounts, images_checked: bool) -> None:
    """Compares the counts in summary.json with the planted ones.

    Args:
      out: folder that ``dataset.prepare`` has written.
      counts: of the drawn tree.
      images_checked: whether it ran with --check-images.

    Raises:
      AssertionError: a count is wrong.
    """
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    for split, found in summary["splits"].items():
        frames, rejects = Counter(counts.frames[split]), Counter(counts.rejects[split])
        if images_checked and split == "train":
            frames -= counts.image_rejects_by_mood
            rejects += counts.image_rejects
        # Counters are equal where one lacks a mood and the other has it 0 times.
        by_mood = found["moods"].items()
        found_clips = Counter({mood: count["clips"] for mood, count in by_mood})
        found_frames = Counter({mood: count["frames"] for mood, count in by_mood})
        _check_same(f"{split} clips", found_clips, counts.clips[split])
        _check_same(f"{split} frames", found_frames, frames)
        _check_same(f"{split} rejects", found["rejects"], rejects)
        _check_same(f"{split} label files", found["label_files"], counts.label_files[split])
        _check_same(
            f"{split} without image", found["frames_without_image"], counts.without_image[split]
        )
    _check_same("animals", summary["animals"]["groups"], counts.animals)


def _check_same(name: str, found: object, planted: object) -> None:
    if found != planted:
        raise AssertionError(f"{name}: planted {planted}. Received: {found}")


def measure(
    folder: Path, clips: int, frames_per_clip: int, faults: int, workers: int
) -> dict[str, Any]:
    """Draws the tree, reads it both ways and returns rates and ratios.

    Args:
      folder: for the tree and the tables.
      clips: sound clips of both splits together.
      frames_per_clip: frames of each clip.
      faults: how often each fault is planted.
      workers: processes of ``dataset.prepare``.
    """
    root = folder / "tree"
    val = clips // 8
    counts = write_tree(root, TreeSettings(clips - val, val, frames_per_clip, faults))
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
    _check_same("bytes with 1 worker", same, True)
    return {
        "label_files": files,
        "frames_a_clip": frames_per_clip,
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
    """Prints the figures as JSON; returns 0."""
    parser = flags.parser(__doc__)
    flags.add_number(parser, "--clips", 2000, "drawn clips without a fault")
    flags.add_frames_per_clip(parser, default=35)
    flags.add_number(parser, "--faults", 5, "how often each fault is planted")
    flags.add_workers(parser)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), args.clips, args.frames_per_clip, args.faults, args.workers)
    print(json.dumps(figures, ensure_ascii=False, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
