"""How long the leak check's search takes at the real set's size, and how much memory.

Hashes are drawn as clips: each has a picture of its own, and its frames stray a few bits from
it. Some eval frames are planted near a train frame, and each must be found.

    uv run python -m benchmarks.leak_scale
"""

import argparse
import json
import sys
import time
import tracemalloc
from typing import Any

import numpy as np

from dataset import leaks

TRAIN_CLIPS, TRAIN_FRAMES = 61_081, 2_127_962
EVAL_CLIPS, EVAL_FRAMES = 7_649, 757_078
"""Of AI Hub's set."""


def drawn(rng: np.random.Generator, clips: int, frames: int) -> leaks.Pictures:
    """Returns frames whose hashes differ by up to 6 bits from their clip's."""
    of_clip = np.sort(rng.integers(0, clips, frames))
    phash = rng.integers(0, 1 << 64, clips, np.uint64)[of_clip]
    for _ in range(6):
        moved = rng.random(frames) < 0.5
        bit = rng.integers(0, 64, frames).astype(np.uint64)
        phash ^= np.where(moved, np.uint64(1) << bit, np.uint64(0))
    colour = np.zeros(frames, np.uint32)
    for shift in (0, 8, 16):
        # As of real photos: few are very bright or very dark.
        centre = np.clip(rng.normal(115, 35, clips), 2, 253)[of_clip]
        channel = np.clip(np.rint(centre + rng.normal(0, 1, frames)), 0, 255)
        colour |= channel.astype(np.uint32) << np.uint32(shift)
    return leaks.Pictures(phash, colour)


def plant(
    rng: np.random.Generator, train: leaks.Pictures, evaluation: leaks.Pictures, copies: int
) -> np.ndarray:
    """Makes some eval frames differ from a train frame by 0..4 bits, and returns which."""
    where = rng.choice(len(evaluation.phash), copies, replace=False)
    source = rng.integers(0, len(train.phash), copies)
    phash = train.phash[source]
    for _ in range(4):
        phash ^= np.uint64(1) << rng.integers(0, 64, copies).astype(np.uint64)
    evaluation.phash[where] = phash
    evaluation.colour[where] = train.colour[source]
    return np.sort(where)


def measure(
    scale: float, distance: int, tolerance: int, static: float, batch: int
) -> dict[str, Any]:
    """Draws both splits and searches once."""
    rng = np.random.default_rng(1)
    train_frames, eval_frames = round(TRAIN_FRAMES * scale), round(EVAL_FRAMES * scale)
    train = drawn(rng, round(TRAIN_CLIPS * scale), train_frames)
    evaluation = drawn(rng, round(EVAL_CLIPS * scale), eval_frames)
    still = round(eval_frames * static)
    # One picture in a share of all frames of both splits, as a still camera gives.
    train.phash[:still], train.colour[:still] = 12345, 0x808080
    evaluation.phash[:still], evaluation.colour[:still] = 12345, 0x808080
    planted = plant(rng, train, evaluation, max(1, eval_frames // 1000))
    # What the process has had at most would count the drawing; numpy reports to tracemalloc.
    tracemalloc.start()
    start = time.perf_counter()
    batches = (
        leaks.Pictures(train.phash[begin : begin + batch], train.colour[begin : begin + batch])
        for begin in range(0, train_frames, batch)
    )
    found = leaks.near_pairs(batches, evaluation, distance, tolerance)
    seconds = time.perf_counter() - start
    more = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    missed = len(np.setdiff1d(planted, found.eval_index)) if distance >= 4 else None
    if missed:
        raise AssertionError(f"{missed} of {len(planted)} planted frames were not found.")
    return {
        "train_frames": train_frames,
        "eval_frames": eval_frames,
        "distance": distance,
        "batch": batch,
        "tolerance": tolerance,
        "still": still,
        "planted": len(planted),
        "missed": missed,
        "eval_frames_found": len(found.eval_index),
        "seconds": round(seconds, 2),
        "peak_mb_of_search": round(more / 2**20, 1),
        "mb_of_eval_input": round(eval_frames * 12 / 2**20, 1),
        "bytes_a_frame_of_search": round(more / (train_frames + eval_frames), 1),
    }


def main() -> int:
    """Measures and prints JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=float, default=1.0, help="of AI Hub's number of frames")
    parser.add_argument("--distance", type=int, default=4)
    parser.add_argument("--tolerance", type=int, default=4)
    parser.add_argument("--static", type=float, default=0.01, help="share of equal frames")
    parser.add_argument("--batch", type=int, default=1 << 18, help="train frames at a time")
    asked = parser.parse_args()
    told = measure(asked.scale, asked.distance, asked.tolerance, asked.static, asked.batch)
    print(json.dumps(told, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
