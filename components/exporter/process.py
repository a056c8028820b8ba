"""The processes in which the formats are made: what ends one of them costs one format alone.

TensorFlow's converter for LiteRT, for one, ends its process where it finds an operation odd.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from schemas.documents.exports import Asked, Export, ExportJob
from schemas.exports import (
    ASKED_JSON,
    network_file,
    refused,
    refused_locator,
    remove_locator,
    result_file,
)
from system import secrets

COMMAND = (sys.executable, "-m", "models.exporting.job")
_JOB = "job.json"
_SECONDS = 3600.0
"""Limit of one process: eight formats took four minutes at 64 pixels on two busy cores."""
_WORDS = 600
"""Characters of a process's last words in a reason."""


class ExportError(RuntimeError):
    """A process that ended before it came to any format, or hung."""


def make(job: ExportJob, command: Sequence[str] = COMMAND) -> tuple[Asked, list[Export]]:
    """Makes each format of a job, kept or refused.

    Args:
      job: its folder exists and is empty.
      command: starts a process; the file of the job is added.

    Returns:
      What they were compared with, and their results in the job's order. The job's folder then
      has the folders of the kept formats, and nothing else.

    Raises:
      ExportError: a process could not compare anything. The cause may be the machine.
    """
    folder = Path(job["folder"])
    while left := [name for name in job["formats"] if not result_file(folder, name).exists()]:
        path = folder / _JOB
        path.write_text(json.dumps({**job, "formats": left}), "utf-8")
        try:
            done = subprocess.run(
                [*command, str(path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                timeout=_SECONDS,
                env=_environment(job),
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ExportError(f"The exports must be made within {_SECONDS:g} s") from error
        if done.returncode == 0:
            continue
        last_words = done.stderr.strip()[-_WORDS:]
        if not (folder / ASKED_JSON).exists():
            raise ExportError(
                "The process of the exports must be able to ask the servable. Received: exit code "
                f"{done.returncode}, and on stderr: {last_words}"
            )
        died_of = next(name for name in left if not result_file(folder, name).exists())
        reason = f"its converter ended the process with exit code {done.returncode}: {last_words}"
        result = json.dumps(_result_of_the_dead(folder, died_of, reason), ensure_ascii=False)
        result_file(folder, died_of).write_text(result, "utf-8")
    asked: Asked = json.loads((folder / ASKED_JSON).read_text("utf-8"))
    texts = [result_file(folder, name).read_text("utf-8") for name in job["formats"]]
    for path in (
        folder / _JOB,
        folder / ASKED_JSON,
        *(file(folder, n) for n in job["formats"] for file in (result_file, network_file)),
    ):
        path.unlink(missing_ok=True)
    return asked, [json.loads(text) for text in texts]


def _result_of_the_dead(folder: Path, name: str, reason: str) -> Export:
    """Returns the result of a format whose process ended: without its locator, or refused."""
    network = network_file(folder, name)
    if not network.exists():
        return refused(name, reason)
    remove_locator(folder / name)
    result: Export = json.loads(network.read_text("utf-8"))
    return {**result, "locator": refused_locator(reason)}


def _environment(job: ExportJob) -> dict[str, str]:
    """Returns the environment of a process: a servable is a program, maybe of others."""
    if "://" in job["servable"]:  # The object store may know this machine by a key in there.
        return {
            name: value for name, value in os.environ.items() if not name.startswith(secrets.OURS)
        }
    return secrets.without_secrets(os.environ)
