"""Counts of a server's requests by outcome, and a log that no client can fill."""

import sys
import threading
import time
from collections import Counter

ANSWERED = "answered"
"""Outcome of a request that got an answer from the model."""
HUNG_UP = "hung_up"
"""Outcome of a request whose client left before its answer."""

_SECONDS = 60.0
"""Between two texts about the same outcome."""
_LONGEST = 4000
"""Characters of a text: a traceback's."""


class OutcomeCounts:
    """Counts outcomes; of each kind of error it writes one text a minute to the standard error."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._written: dict[str, float] = {}
        self._lock = threading.Lock()

    def record(self, outcome: str, text: str = "") -> None:
        """Counts an outcome.

        Args:
          outcome: ``ANSWERED``, ``HUNG_UP`` or the word of an error.
          text: for whoever runs the server, and not for clients; "" writes nothing.
        """
        with self._lock:
            self.counts[outcome] += 1
            number, now = self.counts[outcome], time.monotonic()
            if not text or now - self._written.get(outcome, -_SECONDS) < _SECONDS:
                return
            self._written[outcome] = now
        # A server's or a library's text may hold control characters of a terminal.
        shown = "".join(
            each if each.isprintable() or each == "\n" else repr(each)[1:-1] for each in text
        )
        sys.stderr.write(f"{outcome} (number {number}): {shown[-_LONGEST:].rstrip()}\n")
        sys.stderr.flush()

    def summary(self) -> str:
        """Returns the counts in one line, the commonest outcome first."""
        counts = ", ".join(f"{name} {count}" for name, count in self.counts.most_common())
        return f"Requests: {counts or 'none'}"
