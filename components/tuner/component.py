"""TFX's Tuner with a search that a later run continues, and a table with the failed trials too."""

from tfx.components.tuner import component
from tfx.dsl.components.base import executor_spec

from components.tuner.executor import Executor


class Tuner(component.Tuner):
    """TFX's contract; ``tuner_results`` gets ``artifacts.TRIALS_JSON`` too.

    ``fn_args.working_dir`` is ``<pipeline root>/Tuner/search``, the same for every run, so that a
    killed search goes on in the next run. The tuner that ``tuner_fn`` returns must have a method
    ``table() -> Trials``, and a bool ``writes``: whether this process writes the outputs.
    """

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)
