"""Worker processes that end with their parent, leave Ctrl-C to it and log through it."""

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
    """Yields a pool whose waiting jobs are dropped on an error; None for a single worker.

    What the workers log from WARNING on, and their progress, is logged here. Workers are
    spawned: a fork of a process that has threads may hang.
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
    def emit(self, record: logging.LogRecord) -> None:
        logger = logging.getLogger(record.name)
        if logger.isEnabledFor(record.levelno):
            logger.handle(record)


def _start_worker(records: "Queue[Any]") -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A GPU is for the training; TensorFlow would take all its memory in every process.
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    # There is a process a core: threads of the number libraries would fight for them.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ[name] = "1"
    logging.getLogger().addHandler(logging.handlers.QueueHandler(records))
    progress.LOGGER.setLevel(logging.INFO)
    # concurrent.futures' workers would wait for work for ever after their parent's death.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
