"""Photos and rows a second from a bucket whose every answer takes 50 ms, beside a local disk.

The bucket is ``testing.buckets.google_cloud`` in a process of its own: it holds answers back, and
is no cloud. Its bandwidth is that of this machine, so that what is measured is the waiting and the
client's own work. One worker writes the same block of drawn 1080p frames from a disk and from the
bucket in turns; the rows are those of a CSV that is read once from each. Prints a line of JSON.

    uv run python -m benchmarks.bucket_speed
"""

import contextlib
import functools
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import flags

# Workers have one thread each; before TensorFlow is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

from benchmarks.ingest_speed import RESOLUTION, draw
from components.pet_example_gen.job import IngestSettings, ShardJob
from components.pet_example_gen.shard import write_shard
from dataset.csv_rows import read_rows
from dataset.partition import SplitShare, partition_rows
from dataset.settings import DataSettings
from dataset.thinning import ThinSettings
from schemas.labels import DEFAULT_MOODS
from system import storage
from system.buckets import folders
from testing.buckets import google_process

_BUCKET = "gs://pet"
_CLIPS = 4
"""Of each mood, with 8 frames each."""


def job_of(root: str, folder: Path, stem: str) -> ShardJob:
    """Returns the work on all rows of ``root``/grown.csv as one block."""
    folder.mkdir(exist_ok=True)
    shares = [SplitShare("train", 1)]
    (block,) = partition_rows(
        f"{root}/grown.csv", shares, 1_000_000, str(folder), storage.open_file
    ).blocks
    settings = IngestSettings(
        data=DataSettings(), thin=ThinSettings(), moods=DEFAULT_MOODS, side=RESOLUTION
    )
    return ShardJob(block, settings, root, False, frozenset(), stem, block.rows)


def _count(csv: str) -> int:
    return sum(1 for _ in read_rows(csv, storage.open_file))


def rate(count: int, work: Callable[[], object]) -> float:
    """Returns how many of ``count`` are done a second."""
    began = time.perf_counter()
    work()
    return count / (time.perf_counter() - began)


def measure(arguments: Any) -> dict[str, Any]:
    """Returns the rates of both places."""
    with contextlib.ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory())
        scratch = Path(name)
        local = str(draw(scratch, _CLIPS, 700, 90).parent)
        rows = ["image_path,bbox,labels,clip"]
        for number in range(arguments.rows):
            clip = f"20201109_dog-bodylower-{number // 35:06d}"
            rows.append(
                f'{clip}/frame_{number % 35}_timestamp_{number}.jpg,"1,2,300,400",'
                f"{DEFAULT_MOODS[0]},{clip}"
            )
        Path(local, "long.csv").write_text("\n".join(rows) + "\n", "utf-8")

        server = stack.enter_context(google_process.serve(scratch, "pet"))
        os.environ.update(server.environment())
        folders.upload(Path(local), f"{_BUCKET}/data")
        places = {"disk": (local, str(scratch)), "bucket": (f"{_BUCKET}/data", f"{_BUCKET}/out")}

        photos: dict[str, list[float]] = {place: [] for place in places}
        lines: dict[str, list[float]] = {place: [] for place in places}
        for turn in range(arguments.rounds + 1):  # The first loads libraries and opens connections.
            for place, (root, out) in places.items():
                job = job_of(root, scratch / f"rows-{place}", f"{out}/block-{turn}")
                write = functools.partial(write_shard, job)
                read = functools.partial(_count, f"{root}/long.csv")
                with server.delayed(arguments.milliseconds / 1000):
                    photos[place].append(rate(job.block.rows, write))
                    lines[place].append(rate(arguments.rows, read))
    result: dict[str, Any] = {"milliseconds": arguments.milliseconds}
    for what, rates in (("photos_per_second", photos), ("rows_per_second", lines)):
        for place in places:
            result[f"{what}_{place}"] = round(statistics.median(rates[place][1:]), 1)
        result[f"{what}_share"] = round(
            statistics.median(
                far / near
                for near, far in zip(*(rates[place][1:] for place in places), strict=True)
            ),
            3,
        )
    return result


def main() -> None:
    """Measures and prints."""
    parser = flags.parser(__doc__ or "")
    flags.add_rows(parser, 200_000)
    flags.add_rounds(parser, 3)
    flags.add_number(parser, "--milliseconds", 50, "time that each answer is held back")
    sys.stdout.write(json.dumps(measure(parser.parse_args())) + "\n")


if __name__ == "__main__":
    main()
