"""Collects the files of finished blocks into the outputs of the node."""

import io
import json
import logging
import posixpath
from collections.abc import Sequence

import numpy as np

from components.pet_example_gen.counting import split_counts
from components.pet_example_gen.job import ShardJob
from components.pet_example_gen.shard_files import read_counts, read_rejects
from dataset.trained_on import name_pairs
from schemas import frame_columns
from schemas.documents.ingest import Ingest
from schemas.reasons import REJECT_COLUMNS
from schemas.splits import FRAMES
from system import storage
from system.arrow import pa
from system.buckets.stores import is_remote
from system.csv_files import CsvWriter
from system.parallel import ahead, in_parallel
from system.parquet import read_table
from system.storage import open_file, whole, write_whole

_LOGGER = logging.getLogger(__name__)


def link_shards(jobs: Sequence[ShardJob], ending: str, folder: str) -> None:
    """Gives the blocks' files with an ending their final names in a split's folder."""
    storage.make_folder(folder)
    storage.link_files(
        [(job.stem + ending, posixpath.join(folder, job.shard_name + ending)) for job in jobs]
    )
    storage.flush_folder(folder)


def write_names(folder: str, split: str, jobs: Sequence[ShardJob]) -> None:
    """Writes the hashes of a split's clips and groups, which a model takes with it."""
    storage.make_folder(folder)
    pairs = [np.zeros((0, 2), np.uint64)]

    def frames(job: ShardJob) -> pa.Table:
        return read_table(job.stem + FRAMES, [frame_columns.CLIP, frame_columns.GROUP])

    for table in ahead(frames, jobs) if is_remote(folder) else map(frames, jobs):
        pairs.append(name_pairs(*(table[name].to_pylist() for name in table.column_names)))
    # Given a file of the system, NumPy writes past Python, and a disk's error at the end is lost.
    content = io.BytesIO()
    np.save(content, np.unique(np.concatenate(pairs), axis=0))
    path = posixpath.join(folder, f"{split}.npy")
    with whole(path) as partial, open_file(partial, "wb") as file:
        file.write(content.getvalue())


def write_rejects(path: str, jobs: Sequence[ShardJob]) -> None:
    """Writes the refused rows of all blocks."""
    with whole(path) as partial, open_file(partial, "w") as file:
        writer = CsvWriter(file)
        writer.write(REJECT_COLUMNS)
        writer.write_all(read_rejects([job.stem for job in jobs]))


def write_counts(path: str, splits: Sequence[str], jobs: Sequence[ShardJob], version: str) -> None:
    """Writes the counts of each split and the reading's version, which make the result whole."""
    counts = {
        split: split_counts(
            in_parallel(read_counts, [job.stem for job in jobs if job.block.split == split]),
            jobs[0].settings.moods,
        )
        for split in splits
    }
    _LOGGER.info(
        "%d rows were taken over from earlier results, the photos of %d rows were read",
        sum(count["reused"] for count in counts.values()),
        sum(count["read"] for count in counts.values()),
    )
    ingest: Ingest = {"splits": counts, "version": version}
    write_whole(path, json.dumps(ingest, ensure_ascii=False, indent=1))
