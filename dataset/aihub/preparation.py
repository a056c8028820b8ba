"""Prepares AI Hub's tree: lists the label files, reads them in several processes, writes tables."""

import json
import os
import re
import shutil
from collections.abc import Generator
from concurrent.futures import as_completed
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

from filelock import FileLock, Timeout

from dataset.aihub.animals import AnimalsBy
from dataset.aihub.chunk import process_chunk
from dataset.aihub.chunk_files import ChunkJob
from dataset.aihub.known_animals import ANIMALS_CSV, read_known_animals
from dataset.aihub.label_file import printable
from dataset.aihub.label_files import Tree, find_label_files
from dataset.aihub.merge import MISSING_CSV, REJECTS_CSV, TABLES, merge
from dataset.aihub.shared_animals import Policy
from dataset.boxes import MAX_OVERHANG
from dataset.settings import DataSettings
from schemas.errors import ConfigError, DataRefusedError
from schemas.labels import DEFAULT_MOODS
from schemas.settings import SettingsGroup, setting
from system.files import put
from system.processes import worker_pool
from system.progress import report

SUMMARY_JSON = "summary.json"
WORK_FOLDER = ".prepare"
"""Below the output folder, during a run and after an interrupted one."""
_LOCK = ".prepare.lock"
_MIN_CHUNKS_PER_WORKER = 8
"""With fewer chunks, fewer workers are started."""

_DATA = DataSettings()


class PrepareSettings(SettingsGroup):
    """Settings of a preparation; the workers and the chunks do not change the result."""

    GROUP: ClassVar[str] = "prepare"

    moods: tuple[str, ...] = setting(DEFAULT_MOODS, "Names of the label map.")
    check_images: bool = setting(
        False,
        "Read every image's header; refuse files that are no images or whose size differs from the "
        "label file's.",
    )
    box_overhang: float = setting(
        _DATA.box_overhang,
        "Share of a box's side that may lie outside of the frame; the ingest's data.box_overhang.",
        ge=0,
        le=MAX_OVERHANG,
    )
    animals_in_both: Policy = setting(
        "drop-from-train",
        "What is done with train clips of animals that are also in val: drop them, move them to "
        "val, or keep them. shared_animals.csv lists them.",
    )
    animals_by: AnimalsBy = setting(
        "situation",
        "What is equal in all clips of one animal besides species, breed, age and gender: the day, "
        "the situation and neighbouring numbers; the day; or nothing.",
    )
    workers: int = setting(0, "Processes; 0 is one per core, 1 uses this process.", ge=0)
    chunk_clips: int = setting(
        64, "Label files per chunk; an interruption loses at most one chunk per worker.", ge=1
    )

    def __init__(self, **values: Any) -> None:
        """Checks the values.

        Raises:
          ConfigError: as for any group; settings are named like their flags.
        """
        try:
            super().__init__(**values)
        except ConfigError as error:
            message = re.sub(rf"\b{self.GROUP}\.(\w+)", _flag, str(error))
            raise ConfigError(message) from error


def _flag(name: "re.Match[str]") -> str:
    return f"--{name[1].replace('_', '-')}"


_DEFAULT = PrepareSettings()


def prepare(root: Path, out: Path, settings: PrepareSettings = _DEFAULT) -> dict[str, Any]:
    """Turns the tree below ``root`` into tables in ``out`` and returns the summary.

    ``out`` gets train.csv, val.csv, rejects.csv, missing.csv, shared_animals.csv, animals.csv and
    summary.json. Their bytes do not depend on the workers; each file appears complete, the summary
    last. Animals of an earlier preparation in ``out`` keep their names. Image paths are relative to
    ``root``. After an interruption the next run continues from the finished chunks.

    Raises:
      ConfigError: ``root`` has no AI Hub tree, or another run writes to ``out``.
      DataRefusedError: no frame can be used; the tables are written even so.
    """
    tree = find_label_files(root)
    out.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(out / _LOCK, timeout=0):
            return _prepare(root.resolve(), out, settings, tree)
    except Timeout as error:
        raise ConfigError(
            f"Another run of dataset.prepare writes to {out}. Wait for it, or name another --out."
        ) from error


def _prepare(root: Path, out: Path, settings: PrepareSettings, tree: Tree) -> dict[str, Any]:
    files = tree.labels
    known = read_known_animals(out / ANIMALS_CSV, settings.animals_by)
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
            box_overhang=settings.box_overhang,
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

    summary = merge(
        jobs, work, settings.moods, settings.animals_by, settings.animals_in_both, known
    ) | {
        "check_images": settings.check_images,
        "box_overhang": settings.box_overhang,
        "label_files_outside_splits": [printable(path) for path in tree.outside],
        "archives": [printable(path) for path in tree.archives],
    }
    (work / SUMMARY_JSON).write_text(
        json.dumps(summary, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    # Removed first: if the run is killed here, no summary suggests that the tables of two runs
    # belong together.
    (out / SUMMARY_JSON).unlink(missing_ok=True)
    for name in (*TABLES, SUMMARY_JSON):
        put(work / name, out / name)
    shutil.rmtree(work)
    _check_usable(root, out, summary)
    return summary


def _check_usable(root: Path, out: Path, summary: dict[str, Any]) -> None:
    """Raises DataRefusedError if no frame can be used."""
    splits = summary["splits"]
    if not any(split["frames"] for split in splits.values()):
        files = sum(split["label_files"] for split in splits.values())
        archives = ", ".join(summary["archives"][:3])
        hint = f" Archives are not unpacked, such as {archives}." if archives else ""
        raise DataRefusedError(
            f"Not one frame below {root} can be used: {files} label files were found. "
            f"{out / REJECTS_CSV}, {out / MISSING_CSV} and {out / SUMMARY_JSON} say why.{hint}"
        )


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
