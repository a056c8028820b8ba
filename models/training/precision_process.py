"""Trials of step configs in a process of their own, which is ended when one takes too long."""

import json
import logging
import math
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from models.settings.training import TrainSettings
from models.training import precision_trial
from models.training.precision_measurement import Measurement, failed, judged, number_of, outcome
from models.training.precision_trial import Batch, Job, Result
from models.training.step_config import StepConfig
from system import progress

_LOGGER = logging.getLogger(__name__)

ALL_SECONDS = 55.0
"""Limit for all trials of a training together: it begins within a minute."""
TRIAL_SECONDS = 25.0
"""Limit for one trial; the first may take ``_START_SECONDS`` more."""
_START_SECONDS = 20.0
"""For TensorFlow's import and the device's first use: 16 s on a machine with an H100, cold."""

_KILLED_BY_ITSELF = 10.0
"""Seconds after the limit in which the process ends itself, should this one have been killed."""
_STDERR = "stderr"


def job_for(
    model: dict[str, object], train: TrainSettings, moods: Sequence[str], counts: Sequence[int]
) -> Job:
    """Returns what a trial's process is told, but for the configs.

    Args:
      model: settings of the network.
      train: settings of the training.
      moods: names in index order.
      counts: training examples of each mood, for the loss.
    """
    return Job(
        model=model,
        train=train.model_dump(mode="json"),
        moods=list(moods),
        counts=list(counts),
        configs=[],
        seconds=ALL_SECONDS,
    )


def try_in_process(
    job: Job,
    batch: Batch,
    configs: Sequence[StepConfig],
    *,
    command: Sequence[str] = (sys.executable, "-m", precision_trial.__name__),
    trial_seconds: float = TRIAL_SECONDS,
    start_seconds: float = _START_SECONDS,
    all_seconds: float = ALL_SECONDS,
) -> list[Measurement]:
    """Tries configs in a process of their own, and tells of each.

    A trial that takes too long is given up, and so are those after it: what hangs on a device may
    hold the device, and what is left of the time is too short to start again.

    Args:
      job: of ``job_for``.
      batch: pixels, labels and weights of one batch.
      configs: see ``Trials``.
      command: starts the process; the folder of the job is added.
      trial_seconds: limit for each trial.
      start_seconds: what the first may take more.
      all_seconds: limit for all.
    """
    ends_at = time.monotonic() + all_seconds
    with tempfile.TemporaryDirectory(prefix="pet-mood-precision-") as name:
        folder = Path(name)
        named = {str(number): each for number, each in enumerate(batch)}
        np.savez(folder / precision_trial.BATCH, **named)
        document = job | {
            "configs": [tuple(each) for each in configs],
            "seconds": all_seconds + _KILLED_BY_ITSELF,
        }
        (folder / precision_trial.JOB).write_text(json.dumps(document), "utf-8")
        with (folder / _STDERR).open("w") as stderr:
            process = subprocess.Popen(
                [*command, name],
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        try:
            return list(_awaited(process, configs, ends_at, trial_seconds, start_seconds, folder))
        finally:
            process.kill()
            # A process that hangs in a driver may take its time; nobody waits for it.
            threading.Thread(target=process.wait, daemon=True).start()


def _awaited(
    process: "subprocess.Popen[str]",
    configs: Sequence[StepConfig],
    ends_at: float,
    trial_seconds: float,
    start_seconds: float,
    folder: Path,
) -> Iterator[Measurement]:
    """Yields a measurement for each config, each with its deadline."""
    results = _results_of(process)
    first_loss, cause = math.nan, ""
    for number, config in enumerate(configs):
        if cause:
            yield failed(config, f"not tried, because the one before {cause}")
            continue
        limit = trial_seconds + (0 if number else start_seconds)
        limit = max(0.0, min(limit, ends_at - time.monotonic()))
        _tell(number, len(configs), f"trying {config}, for {limit:.0f} s at most")
        try:
            result = results.get(timeout=limit)
        except queue.Empty:
            cause = f"was given up after {limit:.0f} s"
            measurement = failed(config, cause)
        else:
            if result is None:
                tail = (folder / _STDERR).read_text("utf-8", "replace").strip()[-300:]
                cause = f"ended its process: {tail}"
                measurement = failed(config, cause)
            else:
                first_loss = first_loss if number else number_of(result["loss"])
                measurement = judged(config, result, first_loss)
        _tell(number, len(configs), f"{config}: {outcome(measurement)}", done=1)
        yield measurement


def _results_of(process: "subprocess.Popen[str]") -> "queue.Queue[Result | None]":
    """Returns a queue that gets the results that a process prints, then None."""
    results: queue.Queue[Result | None] = queue.Queue()

    def read() -> None:
        assert process.stdout
        for line in process.stdout:
            if line.startswith(precision_trial.MARK):
                results.put(json.loads(line.removeprefix(precision_trial.MARK)))
        results.put(None)

    threading.Thread(target=read, daemon=True).start()
    return results


def _tell(number: int, total: int, text: str, done: int = 0) -> None:
    _LOGGER.info("precision %d of %d: %s", number + 1, total, text)
    progress.report("precision", done, total, "trials", text)


def _environment() -> dict[str, str]:
    """Returns the environment of the trials' process, which trains with no other machine."""
    root = str(Path(__file__).resolve().parents[2])
    environment = {name: value for name, value in os.environ.items() if name != "TF_CONFIG"}
    return environment | {"PYTHONPATH": root, "TF_FORCE_GPU_ALLOW_GROWTH": "true"}
