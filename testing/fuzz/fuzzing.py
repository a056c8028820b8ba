"""Runs mutations of one kind of input, and watches answers, time and memory."""

import faulthandler
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TextIO

from testing import memory
from testing.fuzz.mutations import mutated

_SAY_EVERY_S = 10.0


class Kind(Protocol):
    """One kind of input: sound ones, and what takes them."""

    sound: tuple[bytes, ...]
    """From which mutations are made."""
    batch_size: int
    """Inputs that ``outcomes`` gets at a time."""

    def outcomes(self, inputs: Sequence[bytes]) -> list[str]:
        """Returns one word for each input, such as a status.

        An input that is answered as it must not be is an AssertionError, and any other exception
        is a crash.
        """


@dataclass
class Findings:
    """What a run has shown.

    Attributes:
      outcomes: counts by the kind's words.
      failures: "first..last: error" for each batch with one.
      slowest_s: longest batch, seconds.
      slowest_at: its first mutation.
      peak_mb: most memory above that at the beginning, MiB.
      peak_at: first mutation of the batch that needed it.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    slowest_at: int = 0
    peak_mb: float = 0.0
    peak_at: int = 0


def fuzz(
    kind: Kind,
    seed: int,
    first: int,
    count: int,
    hang_s: float,
    stderr: TextIO,
    say: Callable[[int], None] = lambda _: None,
) -> Findings:
    """Gives mutations to a kind; mutation i of a seed is the same in every run.

    Args:
      kind: of input.
      seed: of all mutations.
      first: number of the first mutation.
      count: of mutations.
      hang_s: a batch that takes longer ends the process with all threads' tracebacks; seconds.
      stderr: for these tracebacks.
      say: gets, every ten seconds, the number of the next mutation.
    """
    kind.outcomes([kind.sound[0]] * kind.batch_size)  # What is made once is no mutation's fault.
    findings = Findings()
    said = time.perf_counter()
    rest_mb = memory.resident_mb()
    for begin in range(first, first + count, kind.batch_size):
        end = min(begin + kind.batch_size, first + count)
        if time.perf_counter() - said > _SAY_EVERY_S:
            say(begin)
            said = time.perf_counter()
        inputs = [mutated(kind.sound, f"{seed}:{index}") for index in range(begin, end)]
        memory.forget_peak()
        faulthandler.dump_traceback_later(hang_s, exit=True, file=stderr)
        began = time.perf_counter()
        try:
            findings.outcomes.update(kind.outcomes(inputs))
        except Exception:
            findings.failures.append(f"{begin}..{end - 1}: {traceback.format_exc()}")
        took = time.perf_counter() - began
        faulthandler.cancel_dump_traceback_later()
        if took > findings.slowest_s:
            findings.slowest_s, findings.slowest_at = took, begin
        above = memory.peak_mb() - rest_mb
        if above > findings.peak_mb:
            findings.peak_mb, findings.peak_at = above, begin
    return findings
