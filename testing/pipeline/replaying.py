"""Runs a compiled pipeline task by task on this machine, as a cluster does.

Kubeflow replaces ``{{$}}`` by a task's inputs and outputs, and reads the outputs' properties from
the file that the task writes. This module does the same.
"""

import json
import os
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from cluster import check_node, compiling
from pipeline import config, nodes
from pipeline.run_inputs import SPAN, ClusterInputs
from schemas.labels import DEFAULT_MOODS
from system.buckets import folders
from system.storage import make_folder, read_bytes
from testing.models import small_network
from testing.pipeline.runs import FAST
from testing.processes.forked import Forked

IMAGE = "pet/pipeline:1"
_AT_A_TIME = 3
"""Tasks; each has a process that has imported TFX."""


class Replay(NamedTuple):
    """A finished run of all tasks."""

    inputs: ClusterInputs
    outputs: dict[str, dict[str, Any]]
    seconds: dict[str, float]


def replay(
    folder: Path,
    train: Path,
    val: Path,
    unlabelled: Path,
    bucket: str = "",
    *overrides: str,
    validation: Path | None = None,
    span: str = "",
) -> Replay:
    """Compiles for a cluster and runs every task's command in a process of its own.

    Tasks that do not depend on each other run at the same time. The network is
    ``testing.models.small_network``.

    Args:
      folder: for the compiled files and, without a bucket, for all that the tasks write.
      train: a CSV on this machine.
      val: another.
      unlabelled: another, without moods.
      bucket: an address in a bucket, which gets the data and all that the tasks write.
      *overrides: of the settings.
      validation: another CSV, or none.
      span: with a bucket, folder of all CSVs there, which the compiled file does not name.
    """
    root = Path(os.path.commonpath([train.parent, val.parent]))
    place = bucket or str(folder)
    if bucket:
        folders.upload(root, f"{bucket}/data/{span}".rstrip("/"))

    def name(csv: Path) -> str:
        inner = csv.relative_to(root).as_posix()
        return f"{SPAN}/{inner}" if span else inner

    inputs = ClusterInputs(
        # The run sets the data root, as a cluster's user can, and not the compiled file.
        data_root="gs://nowhere/data",
        train_csv=name(train),
        eval_csv=name(val),
        data_version="1",
        moods=DEFAULT_MOODS,
        root=f"{place}/runs",
        serving=f"{place}/serving/pet_mood",
        predict_csv=name(unlabelled),
        validation_csv=name(validation) if validation else None,
    )
    settings = config.load("quick", None, [*FAST, *overrides])
    _, spec_yaml = compiling.write(compiling.compile_pipeline(settings, inputs, IMAGE), folder)
    spec = yaml.safe_load(spec_yaml.read_text("utf-8"))
    parameters = {"data_root": f"{bucket}/data" if bucket else str(root)}
    outputs: dict[str, dict[str, Any]] = {}

    seconds: dict[str, float] = {}

    def run(name: str) -> dict[str, Any]:
        is_small = name in (nodes.TRAINER, check_node.TASK)
        wrapper = Path(small_network.__file__) if is_small else None
        began = time.monotonic()
        ended = run_task(spec, name, parameters, outputs, f"{place}/runs/{name}", wrapper)
        seconds[name] = round(time.monotonic() - began, 1)
        return ended

    run_all(spec["root"]["dag"]["tasks"], run, outputs)
    return Replay(inputs, outputs, seconds)


def run_all(
    tasks: dict[str, Any],
    run: Callable[[str], dict[str, Any]],
    outputs: dict[str, dict[str, Any]],
) -> None:
    """Runs each task once all that it depends on have ended, several at a time."""
    running: dict[Future[dict[str, Any]], str] = {}
    waiting = dict(tasks)
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        while waiting or running:
            for name in list(waiting):
                if set(waiting[name].get("dependentTasks", ())) <= set(outputs):
                    del waiting[name]
                    running[pool.submit(run, name)] = name
            assert running, "the tasks depend on each other in a circle"
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                outputs[running.pop(future)] = future.result()


def run_task(
    spec: dict[str, Any],
    name: str,
    parameters: dict[str, str],
    outputs: dict[str, dict[str, Any]],
    folder: str,
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
            "outputFile": f"{folder}/executor_output.json",
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

    executor_output = json.loads(read_bytes(f"{folder}/executor_output.json"))
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


def output_artifact(task: str, key: str, definition: dict[str, Any], folder: str) -> dict[str, Any]:
    """Returns an output artifact in the form in which Kubeflow passes it to the task."""
    # A task relies on an object store, where folders need not be created. What the clusters' own
    # pages draw is a file.
    is_file = "schemaTitle" in definition["artifactType"]
    make_folder(folder if is_file else f"{folder}/{key}")
    return {
        "name": f"projects/p/locations/l/metadataStores/default/artifacts/{task}-{key}",
        "uri": f"{folder}/{key}",
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
