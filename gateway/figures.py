"""The gateway's figures for Prometheus."""

import threading

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from gateway.calls import Row
from schemas import signatures

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (
    0.005,
    0.01,
    0.02,
    0.03,
    0.05,
    0.075,
    0.1,
    0.15,
    0.2,
    0.3,
    0.5,
    0.75,
    1.0,
    2.0,
    5.0,
    30.0,
)
_OTHER = "other"
_MOST_ANSWERS = 10_000
"""Different versions, moods and statuses that are told apart: a server that invented names would
fill the memory."""


class Figures:
    """Counters and histograms; several threads may use them."""

    def __init__(self) -> None:
        self._collected = CollectorRegistry()
        self.requests = Counter(
            "pet_mood_gateway_requests",
            "Requests by route and by HTTP status (or gRPC code).",
            ("route", "code"),
            registry=self._collected,
        )
        self.answers = Counter(
            "pet_mood_gateway_answers",
            "Photos that a model has answered.",
            ("version", "mood", "status", "unsure"),
            registry=self._collected,
        )
        self.seconds = Histogram(
            "pet_mood_gateway_seconds",
            "From a request's header to its answer.",
            ("route",),
            buckets=_BUCKETS,
            registry=self._collected,
        )
        self.upstream_seconds = Histogram(
            "pet_mood_gateway_upstream_seconds",
            "Time that the model took, of requests that it answered.",
            buckets=_BUCKETS,
            registry=self._collected,
        )
        self.upstream_up = Gauge(
            "pet_mood_gateway_upstream_up",
            "Whether the model was there when it was last looked for.",
            registry=self._collected,
        )
        self.version = Gauge(
            "pet_mood_gateway_version", "The version that answers now.", registry=self._collected
        )
        self.log_rows = Counter(
            "pet_mood_gateway_log_rows",
            "Rows of the request log: written, left out because too many waited, or failed.",
            ("outcome",),
            registry=self._collected,
        )
        self._answers: set[tuple[str, ...]] = set()
        self._lock = threading.Lock()

    def count_answer(self, version: int, row: Row) -> None:
        """Counts one row of an answer."""
        mood = row.get(signatures.MOOD_ID) or row.get(signatures.MOOD)
        unsure = row.get(signatures.UNSURE)
        labels = (
            str(version),
            str(mood or "")[:100],
            str(row.get(signatures.STATUS) or "")[:100],
            "" if unsure is None else str(bool(unsure)).lower(),
        )
        with self._lock:
            if labels not in self._answers and len(self._answers) >= _MOST_ANSWERS:
                labels = (_OTHER, _OTHER, _OTHER, _OTHER)
            self._answers.add(labels)
        self.answers.labels(*labels).inc()

    def text(self) -> bytes:
        """Returns all figures in Prometheus' text form."""
        return generate_latest(self._collected)
