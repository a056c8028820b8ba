"""How long the leak check takes at the real set's size, and how much memory.

Frames tables are drawn as clips: each clip has a hash of its own, and its frames stray a few
bits from it. Some eval frames are planted near a train frame and some clips are in both splits;
each must be found. The check runs in a process of its own.

    uv run python -m benchmarks.leak_scale
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dataset.frames_schema import arrow_schema
from schemas import frame_columns

TRAIN_CLIPS, TRAIN_FRAMES = 61_081, 2_127_962
EVAL_CLIPS, EVAL_FRAMES = 7_649, 757_078
"""Of AI Hub's set."""
SHARD_ROWS = 4096
SHARED_CLIPS = 3
STILL = 0.01
"""Share of the frames, as many in train as in eval, that are one and the same picture."""


def drawn(rng: np.random.Generator, split: str, clips: int, count: int) -> dict[str, np.ndarray]:
    """Returns frames whose hashes differ by up to 6 bits from their clip's."""
    of_clip = np.sort(rng.integers(0, clips, count))
    phash = rng.integers(0, 1 << 64, clips, np.uint64)[of_clip]
    for _ in range(6):
        bit = np.uint64(1) << rng.integers(0, 64, count).astype(np.uint64)
        phash ^= np.where(rng.random(count) < 0.5, bit, np.uint64(0))
    colour = np.zeros(count, np.uint32)
    for shift in (0, 8, 16):
        # As of real photos: few are very bright or very dark.
        centre = np.clip(rng.normal(115, 35, clips), 2, 253)[of_clip]
        channel = np.clip(np.rint(centre + rng.normal(0, 1, count)), 0, 255)
        colour |= channel.astype(np.uint32) << np.uint32(shift)
    names = np.array([f"{split}-{number:06d}" for number in range(clips)])
    names[:SHARED_CLIPS] = [f"both-{number}" for number in range(SHARED_CLIPS)]
    return {"phash": phash, "colour": colour, "clip": names[of_clip]}


def write(folder: Path, split: str, drawn: dict[str, np.ndarray]) -> None:
    """Writes a split's shards as PetExampleGen does."""
    (folder / f"Split-{split}").mkdir()
    count = len(drawn["clip"])
    for number, begin in enumerate(range(0, count, SHARD_ROWS)):
        clip = drawn["clip"][begin : begin + SHARD_ROWS]
        rows = len(clip)
        path = np.char.add(np.char.add("images/", clip), "/frame_6_timestamp_200.jpg")
        columns = {
            frame_columns.LINE: np.arange(begin + 2, begin + 2 + rows),
            frame_columns.IMAGE_PATH: path,
            frame_columns.LABEL: ["편안/안정"] * rows,
            frame_columns.CLIP: clip,
            frame_columns.GROUP: [name[:-1] for name in clip],
            frame_columns.SPECIES: ["CAT"] * rows,
            frame_columns.PHASH: drawn["phash"][begin : begin + rows],
            frame_columns.COLOUR: drawn["colour"][begin : begin + rows],
            **dict.fromkeys(
                (
                    frame_columns.SHARPNESS,
                    frame_columns.BRIGHTNESS,
                    frame_columns.CONTRAST,
                    frame_columns.BOX_AREA,
                ),
                np.full(rows, 0.3, np.float32),
            ),
        }
        table = pa.table(columns, schema=arrow_schema())
        shard = folder / f"Split-{split}" / f"{number:05d}-of-{-(-count // SHARD_ROWS):05d}.parquet"
        pq.write_table(table, shard, compression="zstd")


def plant(rng: np.random.Generator, folder: Path, scale: float) -> dict[str, int]:
    """Writes both splits and returns what was planted."""
    train = drawn(rng, "train", round(TRAIN_CLIPS * scale), round(TRAIN_FRAMES * scale))
    evaluation = drawn(rng, "eval", round(EVAL_CLIPS * scale), round(EVAL_FRAMES * scale))
    still = round(len(evaluation["clip"]) * STILL)
    for split in (train, evaluation):
        split["phash"][-still:], split["colour"][-still:] = 12345, 0x808080
    copies = max(1, len(evaluation["clip"]) // 1000)
    source = rng.choice(len(train["clip"]) - still, copies, replace=False)
    where = rng.choice(len(evaluation["clip"]) - still, copies, replace=False)
    phash = train["phash"][source]
    for _ in range(4):
        phash ^= np.uint64(1) << rng.integers(0, 64, copies).astype(np.uint64)
    evaluation["phash"][where], evaluation["colour"][where] = phash, train["colour"][source]
    write(folder, "train", train)
    write(folder, "eval", evaluation)
    return {
        "train_frames": len(train["clip"]),
        "eval_frames": len(evaluation["clip"]),
        "planted_pictures": copies + still,
        "planted_clips": SHARED_CLIPS,
    }


def check(folder: str) -> dict[str, Any]:
    """Runs the check in this process, which has done nothing else."""
    from components.leak_check.frames_table import SplitFrames
    from components.leak_check.leak_search import find_leaks
    from components.leak_check.settings import LeakLimits

    before, start = peak_mb(), time.perf_counter()
    found = find_leaks(SplitFrames(folder, "train"), SplitFrames(folder, "eval"), LeakLimits())
    return {
        "found_pictures": found.pictures,
        "found_clips": found.clips,
        "found_groups": found.groups,
        "seconds": round(time.perf_counter() - start, 1),
        "mb_after_imports": round(before),
        "peak_mb": round(peak_mb()),
        "peak_mb_of_check": round(peak_mb() - before),
    }


def peak_mb() -> float:
    """Returns the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Measures and prints JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=float, default=1.0, help="of AI Hub's number of frames")
    parser.add_argument("--check", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.check:
        print(json.dumps(check(asked.check)))
        return 0
    with tempfile.TemporaryDirectory() as name:
        told: dict[str, Any] = dict(plant(np.random.default_rng(1), Path(name), asked.scale))
        command = [sys.executable, "-m", "benchmarks.leak_scale", "--check", name]
        ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    told |= json.loads(ran.stdout)
    told["bytes_a_frame"] = round(
        told["peak_mb_of_check"] * 2**20 / (told["train_frames"] + told["eval_frames"]), 1
    )
    print(json.dumps(told, indent=2))
    for kind in ("pictures", "clips"):
        if told[f"found_{kind}"] < told[f"planted_{kind}"]:
            raise AssertionError(f"Not all planted {kind} were found.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
