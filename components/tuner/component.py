"""TFX's Tuner, whose search outlives a killed run and whose failed trials are told of."""

from tfx import v1 as tfx
from tfx.dsl.components.base import executor_spec

from components.tuner.executor import Executor


class Tuner(tfx.components.Tuner):
    """The same contract; ``tuner_results`` gets ``artifacts.TRIALS_JSON`` too.

    ``fn_args.working_dir`` is ``<pipeline root>/Tuner/search``, the same for every run, and the
    tuner that ``tuner_fn`` returns must have a method ``table() -> dict`` and an attribute
    ``writes``, whether this process writes the outputs.
    """

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)
