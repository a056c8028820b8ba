"""Who does the ingest's jobs: processes of this machine, or the workers of a Beam cluster.

Beam's own local runner with several processes waits for ever for a worker that has died
(docs/decisions/0006), so here the processes are ours.
"""

import logging
import os
from collections.abc import Sequence
from concurrent.futures import Future, as_completed
from concurrent.futures.process import BrokenProcessPool

from apache_beam.options.pipeline_options import (
    DirectOptions,
    PipelineOptions,
    StandardOptions,
)

from components.pet_example_gen.job import ShardJob
from components.pet_example_gen.shard import write_shard
from system.processes import worker_pool

_LOGGER = logging.getLogger(__name__)

_LOCAL_RUNNERS = (None, "DirectRunner")
_ROWS_A_PROCESS = 2000
"""At least, or fewer processes are started: each imports TensorFlow, which takes as long as some
hundred rows."""
_MOST_DEATHS = 3
"""Of workers in a row without a block finished in between."""


class WorkerDiedError(RuntimeError):
    """Workers die again and again at the same blocks."""


def local_processes(beam_args: Sequence[str]) -> int | None:
    """Returns how many processes of this machine shall work; None where Beam's workers do.

    Args:
      beam_args: the pipeline's; ``--direct_num_workers`` counts, 0 being one a core.
    """
    options = PipelineOptions(list(beam_args))
    if options.view_as(StandardOptions).runner not in _LOCAL_RUNNERS:
        return None
    return options.view_as(DirectOptions).direct_num_workers or os.cpu_count() or 1


def write_shards_here(jobs: Sequence[ShardJob], processes: int) -> int:
    """Does the jobs in processes of this machine and returns how many had to be done.

    A block whose worker died is done by another.

    Raises:
      WorkerDiedError: three workers died in a row.
      Exception: whatever a job raises.
    """
    rows = sum(job.block.rows for job in jobs)
    done, deaths, left = 0, 0, list(jobs)
    while left:
        with worker_pool(max(1, min(processes, len(left), rows // _ROWS_A_PROCESS))) as pool:
            if pool is None:
                return done + sum(map(write_shard, left))
            waiting = {pool.submit(write_shard, job): job for job in left}
            finished, anew = _finish(waiting)
        done += anew
        left = [job for job in left if job not in finished]
        if left:
            deaths = 1 if finished else deaths + 1
            _LOGGER.warning("A worker of the ingest died; %d blocks are left.", len(left))
        if deaths >= _MOST_DEATHS:
            names = ", ".join(job.shard_name for job in left[:processes])
            raise WorkerDiedError(
                f"{deaths} workers died in a row, probably at one of the blocks {names} of "
                f"{left[0].block.source}. Is the memory full? beam.workers sets how many work."
            )
    return done


def _finish(waiting: dict[Future[bool], ShardJob]) -> tuple[list[ShardJob], int]:
    """Returns the jobs finished before a worker died, and how many of them had to be done."""
    finished, anew = [], 0
    for future in as_completed(waiting):
        try:
            anew += future.result()
        except BrokenProcessPool:
            continue
        finished.append(waiting[future])
    return finished, anew
