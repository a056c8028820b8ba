"""Seconds of an ingest after another, where a share of the clips is new, and of one from nothing.

Both write the same table of drawn 1080p frames in this process; the rows and the earlier frames
are dealt out to the blocks, as PetExampleGen's executor does. The file cache holds all files.

    uv run python -m benchmarks.ingest_again
"""

import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import flags
from benchmarks.ingest_speed import FRAMES_PER_CLIP, RESOLUTION, draw
from components.pet_example_gen.earlier_results import deal_out, find_results
from components.pet_example_gen.job import IngestSettings, ShardJob
from components.pet_example_gen.row_keys import reading_version
from components.pet_example_gen.shard import write_shard
from components.pet_example_gen.shard_files import read_counts
from dataset.partition import SplitShare, partition_rows
from dataset.settings import DataSettings
from dataset.thinning import ThinSettings
from schemas import artifacts
from schemas.labels import DEFAULT_MOODS
from schemas.splits import FRAMES, RECORDS, TRAIN, split_folder

SETTINGS = IngestSettings(
    data=DataSettings(shard_rows=128), thin=ThinSettings(), moods=DEFAULT_MOODS, side=RESOLUTION
)


def ingest(csv: Path, node: Path, number: int) -> dict[str, float]:
    """Writes a result, from those in the node's folder, and returns its seconds and counts."""
    start = time.perf_counter()
    folders = [node / output / str(number) for output in ("examples", "frames", "rejects")]
    work = node / f"work-{number}"
    for folder in (*folders, work):
        folder.mkdir(parents=True)
    partition = partition_rows(
        str(csv), [SplitShare(TRAIN, 1)], SETTINGS.data.shard_rows, str(work)
    )
    version = reading_version(SETTINGS)
    results = find_results(str(folders[0]), str(folders[1]), str(folders[2]), version)
    earlier = deal_out(results, [partition], str(work))
    root, stem = str(csv.parent), str(work / "block")
    jobs = [
        ShardJob(
            *(block, SETTINGS, root, False, frozenset(), f"{stem}-{block.number}", block.rows),
            earlier=earlier.get(block[:2], ()),
        )
        for block in partition.blocks
    ]
    for job in jobs:
        write_shard(job)
    seconds = time.perf_counter() - start
    for job in jobs:
        for folder, ending in ((folders[0], RECORDS), (folders[1], FRAMES)):
            target = folder / split_folder(TRAIN) / (job.shard_name + ending)
            target.parent.mkdir(exist_ok=True)
            shutil.move(job.stem + ending, target)
    (folders[2] / artifacts.INGEST_JSON).write_text(json.dumps({"version": version}), "utf-8")
    counts = [read_counts(job.stem) for job in jobs]
    return {
        "seconds": round(seconds, 2),
        "reused": sum(count["reused"] for count in counts),
        "read": sum(count["read"] for count in counts),
    }


def measure(folder: Path, clips_per_mood: int, percent: int, rounds: int) -> dict[str, Any]:
    """Returns the figures of each round, and the median seconds.

    Args:
      folder: for everything that is drawn and written.
      clips_per_mood: number of clips of each mood.
      percent: share of the clips that are new.
      rounds: turns of each side.
    """
    csv = draw(folder, clips_per_mood, box_side=780, quality=88)
    header, *rows = csv.read_text(encoding="utf-8").splitlines()
    # Clips at equal distances in the table are new.
    before = csv.with_name("before.csv")
    every = max(1, round(100 / percent))
    kept = [row for i, row in enumerate(rows) if (i // FRAMES_PER_CLIP) % every]
    before.write_text("\n".join([header, *kept]) + "\n", encoding="utf-8")
    figures = []
    for number in range(rounds):
        node = folder / f"node-{number}"
        ingest(before, node, 1)
        fresh = ingest(csv, folder / f"fresh-{number}", 1)
        figures.append({"from_nothing": fresh, "again": ingest(csv, node, 2)})
    seconds = {
        side: statistics.median(one[side]["seconds"] for one in figures)
        for side in ("from_nothing", "again")
    }
    return {
        "rows": len(rows),
        "new": len(rows) - len(kept),
        "median_seconds": seconds,
        "rounds": figures,
    }


def main() -> int:
    """Prints the figures as JSON; returns 0."""
    parser = flags.parser(__doc__)
    flags.add_number(
        parser, "--clips-per-mood", 21, f"drawn clips of each mood, {FRAMES_PER_CLIP} frames each"
    )
    flags.add_number(parser, "--percent", 2, "share of the clips that are new, 1 to 50")
    flags.add_rounds(parser)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), args.clips_per_mood, args.percent, args.rounds)
    print(json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
