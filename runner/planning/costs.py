"""Time, memory and disk of a run's steps, from rows, settings and measured rates.

What a step costs whatever the data is (imports, tracing, saving) was measured once, as CPU seconds
on the machine of benchmarks/README.md (``benchmarks.plan`` prints plan and measurement side by
side). It is scaled by what importing TFX costs here.
"""

import math
import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipeline import nodes
from pipeline.config import Settings
from runner import steps
from schemas.documents.plan import PlannedNode, PlannedTable, Probe
from schemas.splits import EVAL, UNLABELLED, VALIDATION

_LOADING_SECONDS = 11.1
"""CPU seconds of importing TFX on the machine that the figures below are of: 16.6 were measured
with ``tfx.v1``, without which an import takes two thirds (8.3 and 12.4, in turns)."""
_STEP_OVERHEAD = 1.3
"""A training step costs so much more than the network's own: augmentation, decoding, callbacks."""

_SHALLOW = 0.4
"""What a step of a locator of three stages costs of one of the whole network. One of six, whose
first layers stay, and whose pictures cost more to make, costs about as much as that."""


class Fixed(NamedTuple):
    """What a step costs whatever the data is.

    Attributes:
      cpu: seconds on the reference machine.
      row: CPU seconds a row.
      mib: peak memory of all processes; the Trainer's is measured.
      disk: MiB that it leaves.
      threads: that it keeps busy on average.
    """

    cpu: float
    row: float = 0.0
    mib: int = 1100
    disk: float = 0.1
    threads: float = 1.0


FIXED = {
    steps.LOADING_TFX: Fixed(_LOADING_SECONDS),
    nodes.EXAMPLE_GEN: Fixed(1.5),
    nodes.STATISTICS_GEN: Fixed(8.0, 0.004, disk=1),
    nodes.TRANSFORM: Fixed(3.0, 0.0005, disk=1),
    nodes.TRAINER: Fixed(50.0, mib=2300, disk=50, threads=1.3),
    nodes.LOCATOR: Fixed(40.0, mib=2300, disk=60, threads=1.3),
    nodes.SERVABLE_CHECK: Fixed(33.0, mib=2900, threads=1.3),
    nodes.EVALUATOR: Fixed(20.0, 0.002, mib=2800, threads=1.2),
    nodes.PUSHER: Fixed(27.0, mib=2900, disk=36, threads=1.3),
    steps.WRITING_REPORT: Fixed(1.5, mib=2900, disk=1, threads=1.2),
}
"""By step; those that are not named cost a tenth of a second."""


class Rows(NamedTuple):
    """Rows of a run by what is done with them.

    Attributes:
      read: photos that the ingest reads.
      train: examples of an epoch.
      choosing: rows that each epoch is validated on.
      judging: rows that the Evaluator predicts.
      predicted: rows of --predict-csv.
      scenes: whole photos that a locator learns from.
    """

    read: int
    train: int
    choosing: int
    judging: int
    predicted: int
    scenes: int = 0


def rows_of(settings: Settings, tables: Sequence[PlannedTable]) -> Rows:
    """Returns the rows of a run by what is done with them.

    Thinning is not counted: which frames it leaves out shows only in some tables.
    """
    usable = {table["split"]: table["usable"] for table in tables}
    clips = {table["split"]: table["clips"] for table in tables}
    train_csv = next(table for table in tables if table["split"] != UNLABELLED)["split"]
    judging = usable.get(EVAL, round(settings.data.eval_fraction * usable[train_csv]))
    train = usable[train_csv] - (0 if EVAL in usable else judging)
    share = settings.data.validation_fraction
    choosing = usable.get(VALIDATION, round(share * train) if share else judging)
    train -= round(share * train)
    of_clips = settings.train.frames_per_clip
    predicted = usable.get(UNLABELLED, 0)
    # Rows without a clip are clips of their own.
    stored = settings.locate.frames_per_clip * clips[train_csv] or train
    scenes = min(settings.locate.max_scenes, stored, train) if settings.locate.enabled else 0
    return Rows(
        read=sum(usable.values()),
        train=min(train, of_clips * clips[train_csv]) if of_clips else train,
        choosing=choosing,
        judging=judging,
        predicted=predicted,
        scenes=scenes,
    )


def planned(
    settings: Settings,
    rows: Rows,
    probe: Probe,
    names: Sequence[str],
    reused: frozenset[str],
    ingest_bytes: int,
    has_baseline: bool,
) -> Iterator[PlannedNode]:
    """Yields each step's cost.

    Args:
      settings: of the run.
      rows: of the run.
      probe: rates of this machine.
      names: nodes in their order.
      reused: those whose results are taken over.
      ingest_bytes: that the ingest stores.
      has_baseline: whether a blessed model is there to be compared with.
    """
    scale = probe["load_cpu_seconds"] / _LOADING_SECONDS
    cores = os.cpu_count() or 1
    for name in (steps.LOADING_TFX, *names, steps.WRITING_REPORT):
        fixed = FIXED.get(name, Fixed(0.1))
        if name in reused:
            yield _node(name, fixed, reused=True)
            continue
        cpu = scale * (fixed.cpu + fixed.row * rows.read)
        wall = cpu * probe["slowdown"] / min(fixed.threads, cores)
        mib, disk = fixed.mib, round(fixed.disk * 2**20)
        if name in (nodes.EXAMPLE_GEN, nodes.UNLABELLED_GEN):
            count = rows.predicted if name == nodes.UNLABELLED_GEN else rows.read - rows.predicted
            reading = count * probe["photo_seconds"]
            processes = settings.beam.workers or cores
            cpu += reading
            wall += reading * probe["slowdown"] / min(processes, cores)
            mib, disk = mib + 150 * (processes - 1), ingest_bytes
        elif name == nodes.TRAINER:
            training, more = _training(settings, rows, probe)
            cpu, wall = cpu + training, wall + more
            mib = max(mib, probe["peak_mib"] + 400)
        elif name == nodes.LOCATOR:
            training, more = _locating(settings, rows, probe)
            cpu, wall = cpu + training, wall + more
        elif name == nodes.EVALUATOR:
            batches = rows.judging / 32 * (2 if has_baseline else 1)
            size = 32 / (settings.train.device_batch_size or settings.train.batch_size)
            cpu += batches * size * probe["predict_cpu_seconds"]
            wall += batches * size * probe["predict_seconds"]
        yield _node(name, fixed._replace(mib=mib), cpu, wall, disk)


def _node(
    name: str,
    fixed: Fixed,
    cpu: float = 0.0,
    wall: float = 0.0,
    disk: int = 0,
    *,
    reused: bool = False,
) -> PlannedNode:
    return {
        "name": name,
        "reused": reused,
        "seconds": round(wall, 1),
        "cpu_seconds": round(cpu, 1),
        "peak_mib": fixed.mib,
        "disk_bytes": disk,
    }


def _locating(settings: Settings, rows: Rows, probe: Probe) -> tuple[float, float]:
    """Returns CPU seconds and time of the locator's steps, by their pixels."""
    locate, train = settings.locate, settings.train
    batch = train.device_batch_size or train.batch_size
    steps = max(locate.min_steps, math.ceil(locate.epochs * rows.scenes / locate.batch_size))
    pixels = locate.batch_size * locate.resolution**2 / (batch * settings.model.resolution**2)
    share = _SHALLOW if locate.stages == 3 else 1.0
    size = _STEP_OVERHEAD * share * steps * pixels
    return size * probe["step_cpu_seconds"], size * probe["step_seconds"]


def _training(settings: Settings, rows: Rows, probe: Probe) -> tuple[float, float]:
    """Returns CPU seconds and time of the first step and of all others, with validation."""
    train = settings.train
    batch = train.device_batch_size or train.batch_size
    per_epoch = max(1, rows.train // batch)
    steps = train.steps or train.epochs * per_epoch
    epochs = steps / per_epoch
    predicted = epochs * rows.choosing / batch
    first = probe["first_step_seconds"]
    cpu = first + _STEP_OVERHEAD * (
        steps * probe["step_cpu_seconds"] + predicted * probe["predict_cpu_seconds"]
    )
    wall = first * probe["slowdown"] + _STEP_OVERHEAD * (
        steps * probe["step_seconds"] + predicted * probe["predict_seconds"]
    )
    if train.minutes:
        # The budget is by the clock, whatever the steps cost.
        wall = 60.0 * train.minutes
        cpu = wall * probe["step_cpu_seconds"] / probe["step_seconds"]
    return cpu, wall
