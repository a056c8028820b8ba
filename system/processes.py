"""Pool of worker processes that end with their parent, ignore Ctrl-C and log in the parent."""

import contextlib
import logging
import logging.handlers
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.queues import Queue
from typing import Any

from system import progress


@contextlib.contextmanager
def worker_pool(workers: int) -> Iterator[ProcessPoolExecutor | None]:
    """Yields a process pool, or None for a single worker.

    After an error in the block the jobs that have not started are cancelled. The workers' log
    records from WARNING on, and their progress, are logged in this process. Workers are spawned,
    because a fork of a process with threads may hang.
    """
    if workers == 1:
        yield None
        return
    context = multiprocessing.get_context("spawn")
    records: Queue[logging.LogRecord] = context.Queue()
    relay = logging.handlers.QueueListener(records, _Relay())
    relay.start()
    pool = ProcessPoolExecutor(
        workers, mp_context=context, initializer=_start_worker, initargs=(records,)
    )
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        relay.stop()
        records.close()


class _Relay(logging.Handler):
    """Logs the workers' records in this process."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = logging.getLogger(record.name)
        if logger.isEnabledFor(record.levelno):
            logger.handle(record)


def _start_worker(records: "Queue[Any]") -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The GPU is for the training; TensorFlow would take all its memory in every process.
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    # There is one process per core, so threads of the numeric libraries would compete for cores.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ[name] = "1"
    logging.getLogger().addHandler(logging.handlers.QueueHandler(records))
    progress.LOGGER.setLevel(logging.INFO)
    # Without this, workers of concurrent.futures never end after their parent was killed.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
