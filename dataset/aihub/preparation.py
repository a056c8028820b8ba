"""The whole preparation: list, read in several processes, merge, put in place."""

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

from dataset.aihub.chunk import ChunkJob, work_on
from dataset.aihub.label_files import SPLIT_FOLDERS, LabelFile, find_label_files
from dataset.aihub.merge import REJECTS_CSV, csv_name, merge
from schemas.errors import ConfigError, DataRefusedError
from schemas.labels import DEFAULT_MOODS
from system.files import put
from system.processes import worker_pool
from system.progress import report

SUMMARY_JSON = "summary.json"
WORK_FOLDER = ".prepare"
"""Below the output folder while a run goes, and after one that was interrupted."""
_LOCK = ".prepare.lock"
_CHUNKS_A_WORKER = 8
"""At least, or fewer workers are started."""


@dataclass(frozen=True)
class PrepareSettings:
    """How a tree is prepared. Only ``moods`` and ``check_images`` change what comes out.

    Attributes:
      moods: names of the label map.
      check_images: whether every image's header is read.
      workers: processes; 0 is one a core, 1 works in this one.
      chunk_clips: label files a worker takes at a time; what an interruption costs at most.
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

    ``out`` gets train.csv, val.csv, rejects.csv and summary.json, whose bytes do not depend on
    the workers; each appears complete, the summary last. Image paths are relative to ``root``.
    A run that was interrupted goes on from its finished chunks.

    Raises:
      ConfigError: ``root`` has no AI Hub tree, or another run works on ``out``.
      DataRefusedError: not one frame can be used; the tables are written all the same.
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
            moods=settings.moods,
            check_images=settings.check_images,
        )
        for start in range(0, len(files), size)
    ]
    reused = 0
    # Closed, so that no worker writes any more when the lock is given back.
    with closing(_work(jobs, settings.workers or os.cpu_count() or 1)) as done:
        for job, anew in done:
            reused += len(job.files) - anew
            note = f"{reused} from the interrupted run" if reused else ""
            report("read clips", len(job.files), len(files), "clips", note)
    summary = merge(jobs, work, settings.moods) | {"check_images": settings.check_images}
    (work / SUMMARY_JSON).write_text(
        json.dumps(summary, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    # Without it nobody takes tables of two runs for those of one, should this be the moment
    # at which the run is killed.
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


def _work(jobs: list[ChunkJob], workers: int) -> Generator[tuple[ChunkJob, int], None, None]:
    """Does all chunks and yields each with the number of clips read anew, as it is finished."""
    # A process takes as long to start as some chunks take to do.
    with worker_pool(max(1, min(workers, len(jobs) // _CHUNKS_A_WORKER))) as pool:
        if pool is None:
            yield from ((job, work_on(job)) for job in jobs)
            return
        futures = {pool.submit(work_on, job): job for job in jobs}
        for future in as_completed(futures):
            yield futures.pop(future), future.result()
