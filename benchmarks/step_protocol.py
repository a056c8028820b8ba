"""How the sides of ``benchmarks.train_step`` talk: a line in, one repetition, a line out.

Nothing but the standard library: a side's Python has what that side needs and no more.
"""

import json
import sys
import time
from collections.abc import Callable

BATCH = 32
SIDE = 224
"""Pixels."""
CLASSES = 6
WARM_UPS = 2


def serve(repetition: Callable[[], object]) -> None:
    """Warms up, says so, and answers each line of the standard input until it ends.

    Args:
      repetition: one step over ``BATCH`` pictures. It returns when all is computed.
    """
    for _ in range(WARM_UPS):
        repetition()
    _say({"ready": True})
    for _ in sys.stdin:
        clock, cpu = time.perf_counter(), time.process_time()
        repetition()
        _say({"clock": time.perf_counter() - clock, "cpu": time.process_time() - cpu})


def _say(what: object) -> None:
    print(json.dumps(what), flush=True)
