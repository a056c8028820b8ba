"""What Kubeflow tells a container: its task's artifacts, parameters and command."""

import json
import posixpath
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from system.buckets.stores import is_remote

_INVOCATION = "--json_serialized_invocation_args"
_EXECUTOR = "--executor_class_path"
_DIRECT = ("components.pet_example_gen.executor.Executor",)
"""Executors that read and write buckets by ``system.storage`` alone, and need no copies."""


class Task(NamedTuple):
    """A command of TFX's and the ``ExecutorInput`` in it.

    Attributes:
      command: a module and its arguments.
      executor_input: as JSON (https://github.com/kubeflow/pipelines, pipeline_spec.proto).
    """

    command: list[str]
    executor_input: dict[str, Any]

    @property
    def is_executor(self) -> bool:
        """Whether it is a node's work, and not what comes before it."""
        return _EXECUTOR in self.command

    @property
    def is_direct(self) -> bool:
        """Whether its executor reads and writes any bucket itself."""
        return not self.is_executor or any(name in self.command for name in _DIRECT)

    @property
    def output_file(self) -> str:
        """The file that tells Kubeflow what has become of the outputs."""
        return str(self.executor_input.get("outputs", {}).get("outputFile", ""))

    @property
    def folder(self) -> str:
        """The folder of this task of this run, the same for each attempt; "" if it has none."""
        written = [*self.uris("outputs"), *filter(None, [self.output_file])]
        return posixpath.dirname(written[0]) if written else ""

    def uris(self, side: str) -> list[str]:
        """Returns the addresses of the artifacts of a side, "inputs" or "outputs"."""
        artifacts = self.executor_input.get(side, {}).get("artifacts", {})
        return [each["uri"] for listed in artifacts.values() for each in listed["artifacts"]]

    def parameter(self, name: str) -> Any:
        """Returns a parameter's value, or None."""
        return self.executor_input.get("inputs", {}).get("parameterValues", {}).get(name)

    def with_artifacts(self, change: Callable[[str], str]) -> "Task":
        """Returns the task with other addresses of its artifacts and its output file."""
        changed = json.loads(json.dumps(self.executor_input))
        for side in ("inputs", "outputs"):
            for listed in changed.get(side, {}).get("artifacts", {}).values():
                for artifact in listed["artifacts"]:
                    artifact["uri"] = change(artifact["uri"])
        if is_remote(self.output_file):
            changed["outputs"]["outputFile"] = change(self.output_file)
        return self._with_input(changed)

    def with_parameter(self, name: str, value: Any) -> "Task":
        """Returns the task with another value of a parameter that it has."""
        changed = json.loads(json.dumps(self.executor_input))
        changed["inputs"]["parameterValues"][name] = value
        return self._with_input(changed)

    def _with_input(self, executor_input: dict[str, Any]) -> "Task":
        command = list(self.command)
        command[command.index(_INVOCATION) + 1] = json.dumps(executor_input, ensure_ascii=False)
        return Task(command, executor_input)


def task_of(command: Sequence[str]) -> Task:
    """Returns the task of a command as ``cluster.compiling`` writes it."""
    place = command.index(_INVOCATION) + 1
    return Task(list(command), json.loads(command[place]))
