"""What a cluster does with the compiled pipeline, done here.

Kubeflow fills ``{{$}}`` with a task's inputs and outputs and reads back what the task says of its
outputs; so does this.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from cluster import compiling
from pipeline import config
from pipeline.code_version import ROOT
from pipeline.run_inputs import ClusterInputs
from schemas.labels import DEFAULT_MOODS
from testing.pipeline.runs import FAST

IMAGE = "pet/pipeline:1"


class Replay(NamedTuple):
    """A finished run of all tasks."""

    inputs: ClusterInputs
    outputs: dict[str, dict[str, Any]]


def replay(folder: Path, train: Path, val: Path, unlabelled: Path) -> Replay:
    """Compiles for a cluster and runs every task's command in a process of its own."""
    root = Path(os.path.commonpath([train.parent, val.parent]))
    inputs = ClusterInputs(
        # Given by the run, as a cluster's user would, and not by the compiled file.
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
    _, spec_yaml = compiling.write(compiling.compiled(settings, inputs, IMAGE), folder)
    spec = yaml.safe_load(spec_yaml.read_text("utf-8"))
    given = {"data_root": str(root)}
    outputs: dict[str, dict[str, Any]] = {}
    for name in in_order(spec["root"]["dag"]["tasks"]):
        outputs[name] = run_task(spec, name, given, outputs, folder / "root" / name)
    return Replay(inputs, outputs)


def in_order(tasks: dict[str, Any]) -> Iterator[str]:
    """Yields the tasks so that each comes after those that it depends on."""
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
    given: dict[str, str],
    outputs: dict[str, dict[str, Any]],
    folder: Path,
    through: Path | None = None,
) -> dict[str, Any]:
    """Runs a task's commands and returns its output artifacts by key.

    Args:
      spec: the compiled pipeline.
      name: of the task.
      given: values of the pipeline's parameters.
      outputs: of the tasks before it.
      folder: for its own.
      through: script that ``python -m`` is run through.
    """
    component = spec["components"][name]
    executor_input = {
        "inputs": inputs_of(spec, name, given, outputs),
        "outputs": {
            "artifacts": {
                key: {"artifacts": [announced(name, key, what, folder)]}
                for key, what in component.get("outputDefinitions", {}).get("artifacts", {}).items()
            },
            "outputFile": str(folder / "executor_output.json"),
        },
    }
    container = spec["deploymentSpec"]["executors"][component["executorLabel"]]["container"]
    assert container["image"] == IMAGE
    if "lifecycle" in container:
        before = container["lifecycle"]["preCacheCheck"]
        run_command([*before["command"], *before["args"]], executor_input)
    command = [*container["command"], *container["args"]]
    environment = {}
    if through is not None:
        assert command[:2] == ["python", "-m"]
        command.insert(1, str(through))
        environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    run_command(command, executor_input, **environment)
    told = json.loads((folder / "executor_output.json").read_text("utf-8")).get("artifacts", {})
    put_out = {}
    for key, announced_list in executor_input["outputs"]["artifacts"].items():
        (artifact,) = announced_list["artifacts"]
        for said in told.get(key, {}).get("artifacts", ()):
            artifact = {**artifact, "uri": said["uri"], "metadata": said.get("metadata", {})}
        put_out[key] = artifact
    return put_out


def inputs_of(
    spec: dict[str, Any], name: str, given: dict[str, str], outputs: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Returns a task's inputs as Kubeflow hands them over."""
    asked = spec["root"]["dag"]["tasks"][name].get("inputs", {})
    defaults = spec["root"]["inputDefinitions"]["parameters"]
    values = {}
    for key, source in asked.get("parameters", {}).items():
        if "componentInputParameter" in source:
            parameter = source["componentInputParameter"]
            values[key] = given.get(parameter, defaults[parameter].get("defaultValue"))
        else:
            values[key] = source["runtimeValue"]["constant"]
    artifacts = {}
    for key, source in asked.get("artifacts", {}).items():
        producer = source["taskOutputArtifact"]
        made = outputs[producer["producerTask"]][producer["outputArtifactKey"]]
        artifacts[key] = {"artifacts": [made]}
    return {"parameterValues": values, "artifacts": artifacts}


def announced(task: str, key: str, what: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Returns an output artifact as the task is told of it."""
    # An object store has no folders that would have to be made first.
    (folder / key).mkdir(parents=True)
    return {
        "name": f"projects/p/locations/l/metadataStores/default/artifacts/{task}-{key}",
        "uri": str(folder / key),
        "type": what["artifactType"],
        "metadata": what.get("metadata", {}),
    }


def run_command(command: list[str], executor_input: dict[str, Any], **environment: str) -> None:
    """Runs a command in the project's folder, which is the image's working folder."""
    text = json.dumps(executor_input, ensure_ascii=False)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [text if word == "{{$}}" else word for word in command],
        cwd=ROOT,
        env={**os.environ, "PATH": path, "TF_CPP_MIN_LOG_LEVEL": "2", **environment},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command[:6])}\n{done.stderr[-4000:]}"
