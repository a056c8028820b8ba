"""Prepares AI Hub's tree: lists the label files, reads them in several processes, writes tables."""

import json
import os
import shutil
from collections.abc import Generator
from concurrent.futures import as_completed
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from dataset.aihub.chunk import ChunkJob, process_chunk
from dataset.aihub.label_files import SPLIT_FOLDERS, LabelFile, find_label_files
from dataset.aihub.merge import REJECTS_CSV, csv_name, merge
from schemas.errors import ConfigError, DataRefusedError
from schemas.labels import DEFAULT_MOODS
from system.files import put
from system.processes import worker_pool
from system.progress import report

SUMMARY_JSON = "summary.json"
WORK_FOLDER = ".prepare"
"""Below the output folder, during a run and after an interrupted one."""
_LOCK = ".prepare.lock"
_MIN_CHUNKS_PER_WORKER = 8
"""With fewer chunks, fewer workers are started."""


@dataclass(frozen=True)
class PrepareSettings:
    """Settings of a preparation. Only ``moods`` and ``check_images`` change the result.

    Attributes:
      moods: names of the label map.
      check_images: whether every image's header is read.
      workers: number of processes; 0 is one per core, 1 uses this process.
      chunk_clips: label files per chunk; an interruption loses at most one chunk per worker.
    """

    moods: tuple[str, ...] = DEFAULT_MOODS
    check_images: bool = False
    workers: int = 0
    chunk_clips: int = 64

    def __post_init__(self) -> None:
        if self.workers < 0:
            raise ConfigError(f"--workers must be at least 0. Received: {self.workers}")
        if self.chunk_clips < 1:
            raise ConfigError(f"chunk_clips must be at least 1. Received: {self.chunk_clips}")


_DEFAULT = PrepareSettings()


def prepare(root: Path, out: Path, settings: PrepareSettings = _DEFAULT) -> dict[str, Any]:
    """Turns the tree below ``root`` into tables in ``out`` and returns the summary.

    ``out`` gets train.csv, val.csv, rejects.csv and summary.json. Their bytes do not depend on
    the workers; each file appears complete, the summary last. Image paths are relative to
    ``root``. After an interruption the next run continues from the finished chunks.

    Raises:
      ConfigError: ``root`` has no AI Hub tree, or another run writes to ``out``.
      DataRefusedError: no frame can be used; the tables are written even so.
    """
    files = find_label_files(root)
    out.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(out / _LOCK, timeout=0):
            return _prepare(root.resolve(), out, settings, files)
    except Timeout as error:
        raise ConfigError(
            f"Another run of dataset.prepare writes to {out}. Wait for it, or name another --out."
        ) from error


def _prepare(
    root: Path, out: Path, settings: PrepareSettings, files: list[LabelFile]
) -> dict[str, Any]:
    work = out / WORK_FOLDER
    work.mkdir(exist_ok=True)

    size = settings.chunk_clips
    jobs = [
        ChunkJob(
            number=start // size,
            root=str(root),
            folder=str(work),
            files=tuple(files[start : start + size]),
            mood_names=settings.moods,
            check_images=settings.check_images,
        )
        for start in range(0, len(files), size)
    ]
    reused = 0
    # Closing it makes sure that no worker still writes when the lock is released.
    with closing(_process_chunks(jobs, settings.workers or os.cpu_count() or 1)) as finished:
        for job, files_read in finished:
            reused += len(job.files) - files_read
            note = f"{reused} from the interrupted run" if reused else ""
            report("read clips", len(job.files), len(files), "clips", note)

    summary = merge(jobs, work, settings.moods) | {"check_images": settings.check_images}
    (work / SUMMARY_JSON).write_text(
        json.dumps(summary, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    # Removed first: if the run is killed here, no summary suggests that the tables of two runs
    # belong together.
    (out / SUMMARY_JSON).unlink(missing_ok=True)
    for name in (*map(csv_name, SPLIT_FOLDERS), REJECTS_CSV, SUMMARY_JSON):
        put(work / name, out / name)
    shutil.rmtree(work)

    if not any(split["frames"] for split in summary["splits"].values()):
        raise DataRefusedError(
            f"Not one frame below {root} can be used: {len(files)} label files were found. "
            f"{out / REJECTS_CSV} and {out / SUMMARY_JSON} say why."
        )
    return summary


def _process_chunks(
    jobs: list[ChunkJob], workers: int
) -> Generator[tuple[ChunkJob, int], None, None]:
    """Processes all chunks; yields each finished one and the number of label files read for it."""
    # Starting a process takes as long as processing some chunks.
    with worker_pool(max(1, min(workers, len(jobs) // _MIN_CHUNKS_PER_WORKER))) as pool:
        if pool is None:
            yield from ((job, process_chunk(job)) for job in jobs)
            return
        futures = {pool.submit(process_chunk, job): job for job in jobs}
        for future in as_completed(futures):
            yield futures.pop(future), future.result()
