"""What the monitor finds in a simulated stream."""

import numpy as np

from monitoring.comparisons import read_tolerances
from monitoring.findings import document_of
from monitoring.settings import DriftSettings
from monitoring.watch import Watch
from schemas.documents.drift import Drift
from testing.monitoring.streams import Cause, draw, reference


def found_in(*causes: Cause, requests: int = 500) -> Drift:
    """Returns the document of a stream in which causes follow one another."""
    rng, settings = np.random.default_rng(3), DriftSettings()
    known, tolerances = reference(rng), read_tolerances()
    watch = Watch(known, tolerances, settings)
    for cause in causes:
        watch.add(draw(rng, requests, cause))
    return document_of(watch, known, tolerances, settings, 7)
