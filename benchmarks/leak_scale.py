"""Seconds and memory of the leak check on as many frames as the real set has.

Frames tables are drawn clip by clip: each clip has a random hash, and the hashes of its frames
differ from it by a few bits. Some eval frames are planted near a train frame and some clips are in
both splits; each must be found. The check runs in a process that has done nothing else.

    uv run python -m benchmarks.leak_scale
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import flags
from benchmarks.memory import measured_apart, peak_mb
from dataset.frames_schema import arrow_schema
from schemas import frame_columns
from system.arrow import pa
from system.parquet import write_table

Columns = dict[str, npt.NDArray[Any]]

TRAIN_CLIPS, TRAIN_FRAMES = 61_081, 2_127_962
EVAL_CLIPS, EVAL_FRAMES = 7_649, 757_078
"""Of AI Hub's set."""
SHARD_ROWS = 4096
SHARED_CLIPS = 3
"""Clips that are in both splits."""
SAME_PICTURE_SHARE = 0.01
"""Share of the eval frames that are one and the same picture; train has as many of it."""


def draw(rng: np.random.Generator, split: str, clips: int, frames: int) -> Columns:
    """Returns hashes, colours and clips of frames.

    Args:
      rng: source of all random numbers.
      split: first part of the clips' names.
      clips: number of clips.
      frames: number of frames, dealt out to the clips at random. Their hashes differ by up to
        6 bits from their clip's.
    """
    clip_indices = np.sort(rng.integers(0, clips, frames))
    phash = rng.integers(0, 1 << 64, clips, np.uint64)[clip_indices]
    for _ in range(6):
        bit = np.uint64(1) << rng.integers(0, 64, frames).astype(np.uint64)
        phash ^= np.where(rng.random(frames) < 0.5, bit, np.uint64(0))

    colour = np.zeros(frames, np.uint32)
    for shift in (0, 8, 16):
        # As in real photos, few are very bright or very dark.
        centre = np.clip(rng.normal(115, 35, clips), 2, 253)[clip_indices]
        channel = np.clip(np.rint(centre + rng.normal(0, 1, frames)), 0, 255)
        colour |= channel.astype(np.uint32) << np.uint32(shift)

    names = np.array([f"{split}-{number:06d}" for number in range(clips)])
    names[:SHARED_CLIPS] = [f"both-{number}" for number in range(SHARED_CLIPS)]
    return {"phash": phash, "colour": colour, "clip": names[clip_indices]}


def write(folder: Path, split: str, frames: Columns) -> None:
    """Writes the shards of a split as PetExampleGen does."""
    (folder / f"Split-{split}").mkdir()
    count = len(frames["clip"])
    for number, begin in enumerate(range(0, count, SHARD_ROWS)):
        clip = frames["clip"][begin : begin + SHARD_ROWS]
        rows = len(clip)
        path = np.char.add(np.char.add("images/", clip), "/frame_6_timestamp_200.jpg")
        columns = {
            frame_columns.LINE: np.arange(begin + 2, begin + 2 + rows),
            frame_columns.IMAGE_PATH: path,
            frame_columns.LABEL: ["편안/안정"] * rows,
            frame_columns.CLIP: clip,
            frame_columns.GROUP: [name[:-1] for name in clip],
            frame_columns.SPECIES: ["CAT"] * rows,
            frame_columns.PHASH: frames["phash"][begin : begin + rows],
            frame_columns.COLOUR: frames["colour"][begin : begin + rows],
            **dict.fromkeys(
                (
                    frame_columns.SHARPNESS,
                    frame_columns.BRIGHTNESS,
                    frame_columns.CONTRAST,
                    frame_columns.BOX_AREA,
                ),
                np.full(rows, 0.3, np.float32),
            ),
            frame_columns.OFFSET: np.zeros(rows, np.int64),
            frame_columns.RECORD_BYTES: np.zeros(rows, np.int32),
            frame_columns.CLIPPED: np.zeros(rows, bool),
            frame_columns.KEY: [""] * rows,
        }
        table = pa.table(columns, schema=arrow_schema())
        shard = folder / f"Split-{split}" / f"{number:05d}-of-{-(-count // SHARD_ROWS):05d}.parquet"
        write_table(table, shard, compression="zstd")


def plant(rng: np.random.Generator, folder: Path, scale: float) -> dict[str, int]:
    """Writes both splits and returns the numbers of frames and of planted leaks.

    Args:
      rng: source of all random numbers.
      folder: for the shards.
      scale: number of frames and clips, as a multiple of AI Hub's.
    """
    train = draw(rng, "train", round(TRAIN_CLIPS * scale), round(TRAIN_FRAMES * scale))
    evaluation = draw(rng, "eval", round(EVAL_CLIPS * scale), round(EVAL_FRAMES * scale))

    same = round(len(evaluation["clip"]) * SAME_PICTURE_SHARE)
    for frames in (train, evaluation):
        frames["phash"][-same:], frames["colour"][-same:] = 12345, 0x808080

    copies = max(1, len(evaluation["clip"]) // 1000)
    source = rng.choice(len(train["clip"]) - same, copies, replace=False)
    target = rng.choice(len(evaluation["clip"]) - same, copies, replace=False)
    phash = train["phash"][source]
    for _ in range(4):
        phash ^= np.uint64(1) << rng.integers(0, 64, copies).astype(np.uint64)
    evaluation["phash"][target], evaluation["colour"][target] = phash, train["colour"][source]

    write(folder, "train", train)
    write(folder, "eval", evaluation)
    return {
        "train_frames": len(train["clip"]),
        "eval_frames": len(evaluation["clip"]),
        "planted_pictures": copies + same,
        "planted_clips": SHARED_CLIPS,
    }


def check(folder: str) -> dict[str, Any]:
    """Runs the leak check and returns its leaks, seconds and the memory of this process."""
    from components.leak_check.frames_table import SplitFrames
    from components.leak_check.leak_search import find_leaks
    from components.leak_check.settings import LeakLimits

    before, start = peak_mb(), time.perf_counter()
    leaks = find_leaks(SplitFrames(folder, "train"), SplitFrames(folder, "eval"), LeakLimits())
    return {
        "found_pictures": leaks.pictures,
        "found_clips": leaks.clips,
        "found_groups": leaks.groups,
        "seconds": round(time.perf_counter() - start, 1),
        "mb_after_imports": round(before),
        "peak_mb": round(peak_mb()),
        "peak_mb_of_check": round(peak_mb() - before),
    }


def main() -> int:
    """Prints the figures as JSON; returns 0.

    Raises:
      AssertionError: a planted leak was not found.
    """
    parser = flags.parser(__doc__)
    parser.add_argument(
        "--scale",
        type=float,
        default=1.0,
        metavar="X",
        help="number of frames, as a multiple of AI Hub's (default: %(default)s)",
    )
    flags.add_measure(parser)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(check(args.measure)))
        return 0

    with tempfile.TemporaryDirectory() as folder:
        planted = plant(np.random.default_rng(1), Path(folder), args.scale)
        figures = planted | measured_apart("benchmarks.leak_scale", folder)
    figures["bytes_a_frame"] = round(
        figures["peak_mb_of_check"] * 2**20 / (figures["train_frames"] + figures["eval_frames"]), 1
    )
    print(json.dumps(figures, indent=2))
    for kind in ("pictures", "clips"):
        if figures[f"found_{kind}"] < figures[f"planted_{kind}"]:
            raise AssertionError(f"Not all planted {kind} were found.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
