"""How well the training's streams mix clips, at AI Hub's numbers, and what they cost.

The order: stand-in records of a clip's and a mood's number, 61,081 clips of 34 or 35 frames in
shards of whole clips as the ingest writes them. For each way of drawing, the distinct clips in
the first 256 and 1,000 steps of 64, and the frames of the rarest mood in windows of 256 steps.
The cost: records of 20 kB, read once from the page cache, each way in a process of its own.

    uv run python -m benchmarks.sampling
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from benchmarks import flags, pictures, streams
from benchmarks.label_indexers import MoodIndexer
from benchmarks.leak_scale import SHARD_ROWS, TRAIN_CLIPS, TRAIN_FRAMES
from benchmarks.memory import measured_apart, resident_mb
from models.inputs.clip_sampler import ClipSampler, Ints
from models.inputs.records import shuffled_records, streamed
from models.settings.training import TrainSettings
from models.settings.training_choices import BALANCED, NATURAL, SQRT
from schemas import frame_columns
from schemas.labels import DEFAULT_MOODS
from schemas.splits import frames_file
from system.arrow import pa
from system.parquet import write_table

FRAMES_OF_MOOD = {
    "편안/안정": 1_364_794,
    "행복/즐거움": 515_248,
    "공격성": 115_619,
    "화남/불쾌": 74_578,
    "불안/슬픔": 52_928,
    "공포": 4_795,
}
"""AI Hub's training frames."""
RAREST = DEFAULT_MOODS.index("공포")
BATCH_SIZE, SHORT, LONG = 64, 256 * 64, 1000 * 64
"""Examples of a step, and of the two windows."""
WAYS = {
    "random, all frames": (0, NATURAL),
    "random, 4 frames a clip": (4, NATURAL),
    "random, 4 frames a clip, sqrt": (4, SQRT),
    "random, 4 frames a clip, balanced": (4, BALANCED),
}
SHUFFLE_BUFFER = TrainSettings().shuffle_buffer
COST_SHARDS, PICTURE_BYTES = 16, 20_000
"""The shards of the cost."""
COST_BATCHES = 512
"""Batches that are timed: as many records as the shards of the cost have."""


class Frames(NamedTuple):
    """Clips and moods of AI Hub's training frames, in the order of the shards, int64[n] each."""

    clips: Ints
    moods: Ints


def frames(seed: int) -> Frames:
    """Returns clips of nearly equal lengths in a random order, each of one mood."""
    moods, lengths = [], []
    for mood, count in FRAMES_OF_MOOD.items():
        num_clips = round(count * TRAIN_CLIPS / TRAIN_FRAMES)
        moods.append(np.full(num_clips, DEFAULT_MOODS.index(mood)))
        lengths.append(np.full(num_clips, count // num_clips))
        lengths[-1][: count % num_clips] += 1
    order = np.random.default_rng(seed).permutation(sum(map(len, moods)))
    mood_of_clip, length_of_clip = np.concatenate(moods)[order], np.concatenate(lengths)[order]
    clips = np.repeat(np.arange(len(order)), length_of_clip)
    return Frames(clips, mood_of_clip[clips])


def write_stand_ins(folder: Path, drawn: Frames) -> list[str]:
    """Writes shards of whole clips whose records are the clips' numbers as 4 bytes."""
    shard_of_clip = np.arange(drawn.clips[-1] + 1) * len(drawn.clips) // SHARD_ROWS
    shard_of_clip //= drawn.clips[-1] + 1
    files = []
    for shard in range(int(shard_of_clip[-1]) + 1):
        files.append(str(folder / f"{shard:05d}.tfrecord"))
        members = drawn.clips[shard_of_clip[drawn.clips] == shard].astype("<i4")
        with tf.io.TFRecordWriter(files[-1]) as writer:
            for clip in members:
                writer.write(clip.tobytes())
    return files


def mixing(order: Ints, drawn: Frames) -> dict[str, Any]:
    """Returns the figures of one order.

    Args:
      order: int64[n], clips in the order of the stream; an epoch.
      drawn: moods of the clips.
    """
    mood_of_clip = np.zeros(drawn.clips[-1] + 1, np.int64)
    mood_of_clip[drawn.clips] = drawn.moods
    is_rare = mood_of_clip[order] == RAREST
    windows = is_rare[: len(order) // SHORT * SHORT].reshape(-1, SHORT).sum(axis=1)
    share = is_rare.mean()
    return {
        "epoch_examples": len(order),
        "distinct_clips_256_steps": len(np.unique(order[:SHORT])),
        "distinct_clips_1000_steps": len(np.unique(order[:LONG])),
        "rarest_in_256_steps": {
            "mean": round(float(windows.mean()), 1),
            "std": round(float(windows.std()), 1),
            "std_of_binomial": round(float(np.sqrt(SHORT * share * (1 - share))), 1),
            "least": int(windows.min()),
            "most": int(windows.max()),
        },
    }


def streamed_clips(files: Sequence[str], total: int) -> Ints:
    """Returns the clips of one pass of ``train.reading=stream``."""
    records = shuffled_records(files, SHUFFLE_BUFFER, seed=17).take(total)
    decoded = records.batch(SHORT).map(lambda batch: tf.io.decode_raw(batch, tf.int32)[:, 0])
    return np.concatenate(list(decoded.as_numpy_iterator())).astype(np.int64)


def mixing_of_all() -> dict[str, Any]:
    """Returns the figures of each way, and those of drawing frames by a random permutation."""
    drawn = frames(seed=1)
    by_chance = np.random.default_rng(2).permutation(drawn.clips)
    figures = {"by chance": mixing(by_chance, drawn)}
    with tempfile.TemporaryDirectory() as folder:
        files = write_stand_ins(Path(folder), drawn)
        figures["stream"] = mixing(streamed_clips(files, len(drawn.clips)), drawn)
    for name, (frames_per_clip, sampling) in WAYS.items():
        begin = time.perf_counter()
        sampler = ClipSampler(
            drawn.clips,
            drawn.moods,
            len(DEFAULT_MOODS),
            frames_per_clip=frames_per_clip,
            sampling=sampling,
            seed=17,
        )
        made = time.perf_counter()
        order = sampler.epoch(0)
        ends = time.perf_counter()
        figures[name] = mixing(drawn.clips[order], drawn) | {
            "seconds_to_begin": round(made - begin, 2),
            "seconds_for_an_epochs_order": round(ends - made, 2),
        }
    return figures


def write_large_shards(folder: Path) -> None:
    """Writes shards of clips of 35 frames of 20 kB, and their frames tables, for the cost."""
    rng = np.random.default_rng(3)
    rows = COST_BATCHES * BATCH_SIZE // COST_SHARDS
    for shard in range(COST_SHARDS):
        path = folder / f"{shard:05d}.tfrecord"
        with tf.io.TFRecordWriter(str(path)) as writer:
            for _ in range(rows):
                record = pictures.example(rng.bytes(PICTURE_BYTES), (0, 0, 1, 1))
                writer.write(record)
        columns = {
            frame_columns.OFFSET: np.arange(rows) * (len(record) + frame_columns.RECORD_OVERHEAD),
            frame_columns.RECORD_BYTES: np.full(rows, len(record), np.int32),
            frame_columns.CLIP: [f"{shard}-{row // 35}" for row in range(rows)],
            frame_columns.LABEL: [pictures.LABEL] * rows,
        }
        table_path = Path(frames_file(str(path)))
        table_path.parent.mkdir(parents=True, exist_ok=True)
        write_table(pa.table(columns), str(table_path))


def cost(way: str, folder: Path) -> dict[str, float]:
    """Returns records a second over a pass, CPU, and the process's memory.

    Args:
      way: "stream" or "random".
      folder: of the shards.
    """
    files = sorted(map(str, folder.glob("*.tfrecord")))
    total = COST_BATCHES * BATCH_SIZE
    before = resident_mb()
    began = time.perf_counter()
    if way == "stream":
        stream = streamed(
            files, shuffle_buffer=SHUFFLE_BUFFER, seed=1, total=total, batch_size=BATCH_SIZE
        )
    else:
        stream = streams.drawn(
            files, MoodIndexer(), len(DEFAULT_MOODS), batch_size=BATCH_SIZE, seed=1
        )
    batches: Iterator[Any] = iter(stream)
    next(batches)
    first, cpu = time.perf_counter(), time.process_time()
    for _ in range(COST_BATCHES - 1):
        next(batches)
    seconds, cpu_seconds = time.perf_counter() - first, time.process_time() - cpu
    records = (COST_BATCHES - 1) * BATCH_SIZE
    memory = resident_mb() - before
    return {
        "seconds_to_first_batch": round(first - began, 2),
        "records_per_second": round(records / seconds),
        "cpu_microseconds_a_record": round(cpu_seconds / records * 1e6, 1),
        "more_memory_mib": round(memory),
    }


def main() -> int:
    """Prints the figures as JSON; returns 0 if the clips are mixed as the goal says, else 1."""
    parser = flags.parser(__doc__)
    flags.add_rounds(parser, default=3)
    flags.add_measure(parser)
    args = parser.parse_args()
    if args.measure:
        path = Path(args.measure)
        print(json.dumps(cost(path.name, path.parent)))
        return 0
    figures: dict[str, Any] = {"mixing": mixing_of_all()}
    with tempfile.TemporaryDirectory() as folder:
        shards = Path(folder) / "Split-train"
        shards.mkdir()
        write_large_shards(shards)
        figures["cost"] = {
            way: [
                measured_apart("benchmarks.sampling", str(shards / way)) for _ in range(args.rounds)
            ]
            for way in ("stream", "random")
        }
    chance = figures["mixing"]["by chance"]["distinct_clips_1000_steps"]
    ours = figures["mixing"]["random, all frames"]["distinct_clips_1000_steps"]
    figures["share_of_chance"] = round(ours / chance, 3)
    print(json.dumps(figures, ensure_ascii=False, indent=1))
    return 0 if ours >= 0.8 * chance else 1


if __name__ == "__main__":
    sys.exit(main())
