"""The command of every container: ``python -m pipeline.container MODULE ARGUMENTS``.

It checks that the task's buckets can be used, copies what TensorFlow and Beam cannot read, and runs
TFX's module in this process. Exit code 2: the settings or the environment cannot work.
"""

import os
import runpy
import sys
from collections.abc import Sequence

from pipeline.container import s3_filesystem, staging, start_check
from pipeline.container.task import Task, task_of
from schemas.errors import ConfigError
from schemas.exit_codes import RunExit
from system.printable import error_line


def main(command: Sequence[str]) -> None:
    """Runs a task.

    Raises:
      ConfigError: a bucket cannot be used.
    """
    task = task_of(command)
    s3_filesystem.register()
    start_check.check(task)
    with staging.staged(task) as there:
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
    try:
        main(sys.argv[1:])
    except ConfigError as error:
        sys.stderr.write(error_line(error))
        sys.stderr.flush()
        # A library that still waits for a server would hold the process.
        os._exit(RunExit.CONFIG)
