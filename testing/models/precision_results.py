"""Step configs, measurements and trials' results for the tests of their choice."""

from typing import Any, cast

import numpy as np

from models.training.precision_measurement import Measurement
from models.training.precision_trial import Batch, Result
from models.training.step_config import StepConfig
from testing.models import samples

PLAIN, HALF, HALF_XLA = (
    StepConfig("float32", False),
    StepConfig("float16", False),
    StepConfig("float16", True),
)


def measured(config: StepConfig, seconds: float, failure: str = "") -> Measurement:
    return Measurement(config, seconds, loss=1.8, gradient_cosine=1.0, failure=failure)


def result(**changes: Any) -> Result:
    sound = Result(
        config=1, loss=1.8, gradient_cosine=0.99, gradient_length=1.0, seconds=0.1, failure=""
    )
    return cast("Result", sound | changes)


BATCH: Batch = [
    np.stack([samples.mottled(32, 32, seed) for seed in range(8)]),
    np.eye(4, dtype=np.float32)[[0, 1, 2, 3] * 2],
    np.ones(8, np.float32),
]
