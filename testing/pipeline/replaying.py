"""Runs a compiled pipeline task by task on this machine, as a cluster does.

Kubeflow replaces ``{{$}}`` by a task's inputs and outputs, and reads the outputs' properties from
the file that the task writes. This module does the same.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from cluster import compiling
from pipeline import config, nodes
from pipeline.run_inputs import ClusterInputs
from schemas.labels import DEFAULT_MOODS
from testing.models import small_network
from testing.pipeline.runs import FAST
from testing.processes.forked import Forked

IMAGE = "pet/pipeline:1"


class Replay(NamedTuple):
    """A finished run of all tasks."""

    inputs: ClusterInputs
    outputs: dict[str, dict[str, Any]]


def replay(folder: Path, train: Path, val: Path, unlabelled: Path) -> Replay:
    """Compiles for a cluster and runs every task's command in a process of its own.

    The network is ``testing.models.small_network``.
    """
    root = Path(os.path.commonpath([train.parent, val.parent]))
    inputs = ClusterInputs(
        # The run sets the data root, as a cluster's user can, and not the compiled file.
        data_root="gs://nowhere/data",
        train_csv=str(train.relative_to(root)),
        eval_csv=str(val.relative_to(root)),
        data_version="1",
        moods=DEFAULT_MOODS,
        root=str(folder / "root"),
        serving=str(folder / "serving" / "pet_mood"),
        predict_csv=str(unlabelled.relative_to(root)),
    )
    settings = config.load("quick", None, [*FAST])
    _, spec_yaml = compiling.write(compiling.compile_pipeline(settings, inputs, IMAGE), folder)
    spec = yaml.safe_load(spec_yaml.read_text("utf-8"))
    parameters = {"data_root": str(root)}
    outputs: dict[str, dict[str, Any]] = {}
    for name in ordered(spec["root"]["dag"]["tasks"]):
        wrapper = Path(small_network.__file__) if name == nodes.TRAINER else None
        outputs[name] = run_task(spec, name, parameters, outputs, folder / "root" / name, wrapper)
    return Replay(inputs, outputs)


def ordered(tasks: dict[str, Any]) -> Iterator[str]:
    """Yields the tasks in an order in which each comes after its dependencies."""
    done: set[str] = set()
    while len(done) < len(tasks):
        ready = [
            name
            for name, task in tasks.items()
            if name not in done and set(task.get("dependentTasks", ())) <= done
        ]
        assert ready, "the tasks depend on each other in a circle"
        yield from ready
        done.update(ready)


def run_task(
    spec: dict[str, Any],
    name: str,
    parameters: dict[str, str],
    outputs: dict[str, dict[str, Any]],
    folder: Path,
    wrapper: Path | None = None,
) -> dict[str, Any]:
    """Runs a task's commands and returns its output artifacts by key.

    Args:
      spec: the compiled pipeline.
      name: of the task.
      parameters: values of the pipeline's parameters.
      outputs: artifacts of the tasks before it, by task and key.
      folder: for the task's outputs.
      wrapper: script that runs the task's module in place of ``python -m``.
    """
    component = spec["components"][name]
    executor_input = {
        "inputs": inputs_of(spec, name, parameters, outputs),
        "outputs": {
            "artifacts": {
                key: {"artifacts": [output_artifact(name, key, definition, folder)]}
                for key, definition in component.get("outputDefinitions", {})
                .get("artifacts", {})
                .items()
            },
            "outputFile": str(folder / "executor_output.json"),
        },
    }
    container = spec["deploymentSpec"]["executors"][component["executorLabel"]]["container"]
    assert container["image"] == IMAGE
    if "lifecycle" in container:
        driver = container["lifecycle"]["preCacheCheck"]
        run_command([*driver["command"], *driver["args"]], executor_input)

    command = [*container["command"], *container["args"]]
    if wrapper is not None:
        assert command[:2] == ["python", "-m"]
        command.insert(1, str(wrapper))
    run_command(command, executor_input)

    executor_output = json.loads((folder / "executor_output.json").read_text("utf-8"))
    changes = executor_output.get("artifacts", {})
    artifacts = {}
    for key, output in executor_input["outputs"]["artifacts"].items():
        (artifact,) = output["artifacts"]
        for change in changes.get(key, {}).get("artifacts", ()):
            artifact = {**artifact, "uri": change["uri"], "metadata": change.get("metadata", {})}
        artifacts[key] = artifact
    return artifacts


def inputs_of(
    spec: dict[str, Any],
    name: str,
    parameters: dict[str, str],
    outputs: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    """Returns a task's inputs in the form in which Kubeflow passes them."""
    sources = spec["root"]["dag"]["tasks"][name].get("inputs", {})
    defaults = spec["root"]["inputDefinitions"]["parameters"]
    values = {}
    for key, source in sources.get("parameters", {}).items():
        if "componentInputParameter" in source:
            parameter = source["componentInputParameter"]
            default = defaults[parameter].get("defaultValue")
            values[key] = parameters.get(parameter, default)
        else:
            values[key] = source["runtimeValue"]["constant"]
    artifacts = {}
    for key, source in sources.get("artifacts", {}).items():
        producer = source["taskOutputArtifact"]
        artifact = outputs[producer["producerTask"]][producer["outputArtifactKey"]]
        artifacts[key] = {"artifacts": [artifact]}
    return {"parameterValues": values, "artifacts": artifacts}


def output_artifact(
    task: str, key: str, definition: dict[str, Any], folder: Path
) -> dict[str, Any]:
    """Returns an output artifact in the form in which Kubeflow passes it to the task."""
    # A task relies on an object store, where folders need not be created. What the clusters' own
    # pages draw is a file.
    is_file = "schemaTitle" in definition["artifactType"]
    (folder if is_file else folder / key).mkdir(parents=True, exist_ok=is_file)
    return {
        "name": f"projects/p/locations/l/metadataStores/default/artifacts/{task}-{key}",
        "uri": str(folder / key),
        "type": definition["artifactType"],
        "metadata": definition.get("metadata", {}),
    }


def run_command(command: list[str], executor_input: dict[str, Any]) -> None:
    """Runs a command in the project's folder, which is the working folder of the image."""
    text = json.dumps(executor_input, ensure_ascii=False)
    python, *arguments = [text if argument == "{{$}}" else argument for argument in command]
    assert python == "python"
    process = Forked(arguments)
    try:
        assert process.wait() == 0, f"{' '.join(command[:6])}\n{process.output()[-4000:]}"
    finally:
        process.kill()
