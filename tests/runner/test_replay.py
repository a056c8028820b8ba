"""What a cluster runs, run here: every container's command as compiled, one after another.

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

import pytest
import tensorflow as tf
import yaml
from chain import FAST, answers

from cluster import compiling
from dataset.boxes import parse_box
from dataset.table import read_rows
from pipeline import config, nodes
from pipeline.code_version import ROOT
from pipeline.inputs import ClusterInputs
from schemas import signatures
from schemas.labels import DEFAULT_MOODS

IMAGE = "pet/pipeline:1"


class Replay(NamedTuple):
    """A finished run of all tasks."""

    serving: Path
    outputs: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def replayed(
    tmp_path_factory: pytest.TempPathFactory, colours: tuple[Path, Path], unlabelled: Path
) -> Replay:
    """Compiles for a cluster and runs every task's command in a process of its own."""
    folder = tmp_path_factory.mktemp("replay")
    train, val = colours
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
    return Replay(Path(inputs.serving), outputs)


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
) -> dict[str, Any]:
    """Runs a task's commands and returns its output artifacts by key."""
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
    run_command([*container["command"], *container["args"]], executor_input)
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


def run_command(command: list[str], executor_input: dict[str, Any]) -> None:
    """Runs a command in the project's folder, which is the image's working folder."""
    text = json.dumps(executor_input, ensure_ascii=False)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [text if word == "{{$}}" else word for word in command],
        cwd=ROOT,
        env={**os.environ, "PATH": path, "TF_CPP_MIN_LOG_LEVEL": "2"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command[:6])}\n{done.stderr[-4000:]}"


def test_the_last_task_has_pushed_a_model_that_answers(
    replayed: Replay, colours: tuple[Path, Path]
) -> None:
    (version,) = replayed.serving.iterdir()
    loaded = tf.saved_model.load(str(version))
    row = next(iter(read_rows(str(colours[1]))))
    told = loaded.signatures[signatures.SERVE_BOX](
        **{
            signatures.IMAGE_BYTES: tf.constant(
                [(colours[1].parent / row.image_path).read_bytes()]
            ),
            signatures.BOX: tf.constant([list(parse_box(row.bbox))], tf.int64),
        }
    )
    assert told[signatures.MOOD].numpy()[0].decode("utf-8") == row.label


def test_every_node_has_run(replayed: Replay) -> None:
    assert {nodes.EXAMPLE_GEN, nodes.TRAINER, nodes.LAST_BLESSED} <= set(replayed.outputs)
    assert len(replayed.outputs) == 15


def test_the_rows_without_moods_are_answered(replayed: Replay, colours: tuple[Path, Path]) -> None:
    folder = Path(replayed.outputs[nodes.BULK_INFERRER]["output_examples"]["uri"])
    told = answers(folder.glob("Split-*/*.gz"))
    moods = {row.image_path: row.label for row in read_rows(str(colours[1]))}
    assert set(told) == set(moods)
    right = sum(told[path][1] == mood for path, mood in moods.items())
    assert right / len(moods) > 0.8


def test_the_first_run_has_nothing_to_compare_with(replayed: Replay) -> None:
    evaluation = Path(replayed.outputs[nodes.EVALUATOR]["evaluation"]["uri"])
    verdict = json.loads((evaluation / "metrics.json").read_text("utf-8"))["verdict"]
    assert verdict["blessed"] is True
    assert [note for note in verdict["notes"] if "nothing to compare with" in note]
