"""Runs the ingest's jobs in processes of this machine, where no Beam cluster runs them.

Beam's own local runner with several processes waits forever for a worker that has died
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
_ROWS_PER_PROCESS = 2000
"""Least number of rows for each process; of fewer rows, fewer processes are started. Each imports
TensorFlow, which takes as long as some hundred rows."""
_MAX_DEATHS = 3
"""Number of workers that may die in a row, without a block finished in between."""


class WorkerDiedError(RuntimeError):
    """Workers die repeatedly at the same blocks."""


def local_processes(beam_args: Sequence[str]) -> int | None:
    """Returns the number of processes of this machine; None where Beam's workers do the jobs.

    Args:
      beam_args: the pipeline's, with ``--direct_num_workers``, where 0 means one for each core.
    """
    options = PipelineOptions(list(beam_args))
    if options.view_as(StandardOptions).runner not in _LOCAL_RUNNERS:
        return None
    return options.view_as(DirectOptions).direct_num_workers or os.cpu_count() or 1


def write_shards_here(jobs: Sequence[ShardJob], processes: int) -> int:
    """Runs the jobs in processes of this machine.

    A block whose worker died is given to another worker.

    Returns:
      The number of blocks that were written; the others were finished by an earlier run.

    Raises:
      WorkerDiedError: three workers died in a row.
      Exception: any error of a job.
    """
    rows = sum(job.block.rows for job in jobs)
    written, deaths, remaining = 0, 0, list(jobs)
    while remaining:
        pool_size = max(1, min(processes, len(remaining), rows // _ROWS_PER_PROCESS))
        with worker_pool(pool_size) as pool:
            if pool is None:
                return written + sum(map(write_shard, remaining))
            futures = {pool.submit(write_shard, job): job for job in remaining}
            finished, newly_written = _wait_for(futures)
        written += newly_written

        remaining = [job for job in remaining if job not in finished]
        if remaining:
            deaths = 1 if finished else deaths + 1
            _LOGGER.warning("A worker of the ingest died; %d blocks are left.", len(remaining))
        if deaths >= _MAX_DEATHS:
            names = ", ".join(job.shard_name for job in remaining[:processes])
            raise WorkerDiedError(
                f"{deaths} workers died in a row, probably at one of the blocks {names} of "
                f"{remaining[0].block.source}. The memory may be too small: a lower beam.workers "
                "needs less"
            )
    return written


def _wait_for(futures: dict[Future[bool], ShardJob]) -> tuple[list[ShardJob], int]:
    """Returns the jobs that ended before a worker died, and how many of them wrote files."""
    finished, written = [], 0
    for future in as_completed(futures):
        try:
            written += future.result()
        except BrokenProcessPool:
            continue
        finished.append(futures[future])
    return finished, written
