"""The command of every container: ``python -m pipeline.container MODULE ARGUMENTS``.

It checks that the task's buckets can be used, copies what TensorFlow and Beam cannot read, and runs
TFX's module in this process. Exit code 2: the settings or the environment cannot work; 3: the data
are refused. Neither is tried again (``refusals``).
"""

import runpy
import sys
from collections.abc import Sequence

from pipeline.container import refusals, spans, staging, start_check
from pipeline.container.task import Task, task_of


def main(command: Sequence[str]) -> None:
    """Runs a task.

    Raises:
      ConfigError: a bucket cannot be used, or what the task itself says.
      DataRefusedError: the task refuses its data.
    """
    task = task_of(command)
    with refusals.ends_once(task):
        # Loads TFX, which a further attempt of a refused task need not wait for.
        from pipeline.container import s3_filesystem

        s3_filesystem.register()
        start_check.check(task)
        with staging.staged(spans.resolved(task)) as there:
            _run(there)


def _run(task: Task) -> None:
    module, *arguments = task.command
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ended:  # absl ends each program by one.
        if ended.code not in (None, 0):
            raise


if __name__ == "__main__":
    refusals.ended_by_cause(lambda: main(sys.argv[1:]))
