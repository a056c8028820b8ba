"""Writes the drawn sample: a folder with its CSVs and their images, complete or not at all.

``settings``, ``clips`` and ``extras`` decide its content.
"""

import functools
import itertools
import json
import logging
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock

from dataset.sample.clips import ClipPlan, plan_split
from dataset.sample.extras import ExtraPlan, interleave, plan_extras, save_extra
from dataset.sample.rows import SampleRow, save_clip, write_csv
from dataset.sample.settings import SampleSettings
from schemas.errors import ConfigError
from schemas.splits import EVAL, TRAIN, VALIDATION
from system.files import remove, whole
from system.processes import worker_pool
from system.progress import report

MANIFEST = "sample.json"
"""File with the sample's settings, which also marks a folder as a drawn sample."""
_MADE_BY = "pet_mood dataset.sample"
_VERSION = 1
"""Raise it with every change of the drawing, otherwise old folders are reused."""
_DEFAULT = SampleSettings()
_LOGGER = logging.getLogger(__name__)


class SamplePaths(NamedTuple):
    """Paths of a sample; ``validation_csv`` is None where its settings ask for none."""

    train_csv: Path
    eval_csv: Path
    folder: Path
    validation_csv: Path | None = None


def write_sample(
    folder: Path, settings: SampleSettings = _DEFAULT, workers: int = 0
) -> SamplePaths:
    """Draws the sample into ``folder``, or reuses one that was made with equal settings.

    The files do not depend on ``workers``. They are written to another folder, which is renamed
    at the end. So a killed run leaves no folder of this name, and the next run removes the rest.
    Workers are spawned, because a fork of a process that has loaded TensorFlow may hang. So a
    script that calls this needs the usual ``if __name__ == "__main__"``.

    Args:
      folder: missing, empty, or an earlier sample, which is replaced.
      settings: of the sample.
      workers: number of processes; 0 is one per core, 1 draws in this process.

    Raises:
      ConfigError: ``folder`` holds other files, or ``workers`` is below 0.
    """
    if workers < 0:
        raise ConfigError(f"workers must be at least 0. Received: {workers}")
    folder = folder.resolve()
    validation_csv = folder / "validation.csv" if any(settings.validation_clips) else None
    paths = SamplePaths(folder / "train.csv", folder / "val.csv", folder, validation_csv)
    old = folder.with_name(f".{folder.name}.old")
    if _is_finished(paths, settings) and not old.exists():
        return paths
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        # Another process may have drawn it while this one waited for the lock.
        if not _is_finished(paths, settings):
            _check_replaceable(folder)
            _replace(folder, old, settings, workers or os.cpu_count() or 1)
        remove(old)  # A killed run may have left it.
    return paths


def is_sample(folder: Path) -> bool:
    """Returns whether a folder is a drawn sample, of any settings."""
    return bool(_read_manifest(folder))


def _manifest(settings: SampleSettings) -> dict[str, Any]:
    return {"made_by": _MADE_BY, "version": _VERSION, "settings": settings.model_dump()}


def _read_manifest(folder: Path) -> dict[str, Any]:
    """Returns the folder's manifest; {} if it is not a drawn sample."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError, ValueError):
        return {}
    is_sample = isinstance(content, dict) and content.get("made_by") == _MADE_BY
    return content if is_sample else {}


def _is_finished(paths: SamplePaths, settings: SampleSettings) -> bool:
    # JSON turns tuples into lists, so the expected manifest is converted, too.
    expected = json.loads(json.dumps(_manifest(settings)))
    csvs = (paths.train_csv, paths.eval_csv, paths.validation_csv)
    has_csvs = all(path.is_file() for path in csvs if path)
    return has_csvs and _read_manifest(paths.folder) == expected


def _check_replaceable(folder: Path) -> None:
    if folder.is_dir():
        if _read_manifest(folder) or not any(folder.iterdir()):
            return
    elif not folder.exists():
        return
    raise ConfigError(
        f"The drawn sample needs a separate folder: missing, empty, or with a {MANIFEST} of an "
        f"earlier sample. Received: {folder}. Name another folder or remove this one."
    )


def _replace(folder: Path, old: Path, settings: SampleSettings, workers: int) -> None:
    """Draws the sample, and moves an earlier one to ``old`` for the moment of the renaming."""
    remove(old)
    start = time.monotonic()
    with whole(folder) as partial:
        frames = _write(partial, settings, workers)
        if folder.exists():
            folder.rename(old)
    _LOGGER.info("Drew %d frames in %.1f s: %s", frames, time.monotonic() - start, folder)


def _write(folder: Path, settings: SampleSettings, workers: int) -> int:
    """Writes the whole sample into the new folder and returns the number of frames."""
    folder.mkdir()
    plans = [plan_split(settings, split) for split in (TRAIN, EVAL, VALIDATION)]
    jobs: list[ClipPlan | ExtraPlan] = [plan for split in plans for plan in split]
    jobs += plan_extras(settings)
    rows = _save_all(folder, settings, jobs, workers)
    saved = iter(rows)
    train, evaluation, validation = (list(itertools.islice(saved, len(plan))) for plan in plans)
    train_rows = interleave(train, list(saved))
    write_csv(folder / "train.csv", train_rows, from_windows=settings.with_faults)
    write_csv(folder / "val.csv", interleave(evaluation, []), from_windows=False)
    if validation:
        write_csv(folder / "validation.csv", interleave(validation, []), from_windows=False)
    text = json.dumps(_manifest(settings), indent=2)
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return sum(len(part) for part in rows)


def _save(folder: Path, settings: SampleSettings, job: ClipPlan | ExtraPlan) -> list[SampleRow]:
    if isinstance(job, ExtraPlan):
        return save_extra(folder, settings, job)
    return save_clip(folder, settings, job)


def _save_all(
    folder: Path, settings: SampleSettings, jobs: list[ClipPlan | ExtraPlan], workers: int
) -> list[list[SampleRow]]:
    """Saves all jobs and returns their rows in the jobs' order."""
    total = sum(job.clip.frames if isinstance(job, ExtraPlan) else job.frames for job in jobs)
    save = functools.partial(_save, folder, settings)
    saved = []
    with worker_pool(min(workers, len(jobs))) as pool:
        for rows in pool.map(save, jobs) if pool else map(save, jobs):
            saved.append(rows)
            report("draw sample", len(rows), total, "frames")
    return saved
