"""Protocol between ``benchmarks.train_step`` and its sides: a line in, a repetition, a line out.

Imports the standard library alone: the Python of a side has only the packages of that side.
"""

import json
import sys
import time
from collections.abc import Callable

BATCH_SIZE = 32
RESOLUTION = 224
"""Pixels."""
NUM_CLASSES = 6
WARM_UPS = 2


def serve(repetition: Callable[[], object]) -> None:
    """Warms up, says so, and replies to each line of the standard input until it ends.

    Args:
      repetition: one step over ``BATCH_SIZE`` pictures. It returns when all is computed.
    """
    for _ in range(WARM_UPS):
        repetition()
    _reply({"ready": True})
    for _ in sys.stdin:
        clock, cpu = time.perf_counter(), time.process_time()
        repetition()
        _reply({"clock": time.perf_counter() - clock, "cpu": time.process_time() - cpu})


def _reply(document: object) -> None:
    print(json.dumps(document), flush=True)
