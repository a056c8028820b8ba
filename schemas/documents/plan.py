"""What ``local_runner.py --dry-run --json`` prints: what a run would find and need."""

from typing import TypedDict


class PlannedTable(TypedDict):
    """A table as far as it can be judged without a pixel.

    Attributes:
      path: of the CSV.
      split: "train", "validation", "eval", "all" or "unlabelled".
      rows: in all.
      usable: rows without a fault that shows here.
      moods: usable rows by mood.
      clips: distinct clips.
      animals: distinct values of ``group``; 0 without that column.
      faults: rows by reason (``schemas.reasons``).
    """

    path: str
    split: str
    rows: int
    usable: int
    moods: dict[str, int]
    clips: int
    animals: int
    faults: dict[str, int]


class PlannedShared(TypedDict):
    """Clips and animals that two tables share, with how many are allowed."""

    first: str
    second: str
    clips: int
    animals: int
    max_clips: int
    max_animals: int


class PlannedNode(TypedDict):
    """A step of the run.

    Attributes:
      name: of the node, or of a step before the first.
      reused: whether its results are taken over.
      seconds: by the clock; 0 where it is reused.
      cpu_seconds: of all its processes together.
      peak_mib: memory of all processes together while it runs.
      disk_bytes: that it writes and that stay.
    """

    name: str
    reused: bool
    seconds: float
    cpu_seconds: float
    peak_mib: int
    disk_bytes: int


class Probe(TypedDict):
    """Rates that were measured here.

    Attributes:
      photos: that were read.
      photo_seconds: CPU seconds for one photo.
      step_seconds: of a training step, by the clock.
      step_cpu_seconds: of all its threads.
      first_step_seconds: CPU seconds of building the network and tracing its step.
      predict_seconds: of a batch without gradients, by the clock.
      predict_cpu_seconds: of all its threads.
      load_cpu_seconds: CPU seconds of importing TFX.
      slowdown: time by the clock for a CPU second of one thread: 1 on an idle machine.
      peak_mib: memory of a training with the whole batch.
      is_cut_short: whether the machine was too busy to time a prediction, which is then a third of
        a step.
      seconds: that the probe took.
    """

    photos: int
    photo_seconds: float
    step_seconds: float
    step_cpu_seconds: float
    first_step_seconds: float
    predict_seconds: float
    predict_cpu_seconds: float
    load_cpu_seconds: float
    slowdown: float
    peak_mib: int
    is_cut_short: bool
    seconds: float


class Plan(TypedDict):
    """The document.

    Attributes:
      exit: the code that the run would end with before its first node, or 0.
      problems: why it would; empty if nothing shows.
      tables: in the order of the splits.
      shared: of each two tables.
      probe: what was measured; None where the run would not start.
      nodes: in order.
      seconds, cpu_seconds, peak_mib, disk_bytes: of the whole run.
      free_bytes: of the output folder's disk.
    """

    exit: int
    problems: list[str]
    tables: list[PlannedTable]
    shared: list[PlannedShared]
    probe: Probe | None
    nodes: list[PlannedNode]
    seconds: float
    cpu_seconds: float
    peak_mib: int
    disk_bytes: int
    free_bytes: int
