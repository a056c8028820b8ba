"""Adds the task that checks, before all others, what a container can see and this machine cannot.

Kubeflow and Vertex AI start a failed task again whatever the cause. This one is never started
again, so that a wrong bucket, table, weights file or engine ends the run once, in its first minute.
"""

import json
from typing import Any

from pipeline.config import Settings
from pipeline.platforms.cluster import DATA_ROOT
from pipeline.run_inputs import ClusterInputs

TASK = "StartCheck"
"""Id of the task."""
SETTINGS, PLACES = "settings", "places"
"""Keys of its parameters, beside ``DATA_ROOT``."""


def add_task(spec: dict[str, Any], settings: Settings, inputs: ClusterInputs, image: str) -> None:
    """Adds the task to a specification in place, before every task that depends on none.

    Args:
      spec: the compiled PipelineSpec.
      settings: of the run.
      inputs: the data and folders.
      image: container image of the task.
    """
    tasks = spec["root"]["dag"]["tasks"]
    for task in tasks.values():
        if not task.get("dependentTasks"):
            task["dependentTasks"] = [TASK]
    executor = f"{TASK}_executor"
    keys = (SETTINGS, PLACES, DATA_ROOT)
    spec["components"][TASK] = {
        "executorLabel": executor,
        "inputDefinitions": {"parameters": {key: {"parameterType": "STRING"} for key in keys}},
    }
    spec["deploymentSpec"]["executors"][executor] = {
        "container": {
            "image": image,
            "command": ["python", "-m", "cluster.check_task"],
            "args": ["{{$}}"],
        }
    }
    constants = {SETTINGS: settings.as_dict(), PLACES: places(inputs)}
    tasks[TASK] = {
        "taskInfo": {"name": TASK},
        "componentRef": {"name": TASK},
        "inputs": {
            "parameters": {
                **{
                    key: {"runtimeValue": {"constant": _json(value)}}
                    for key, value in constants.items()
                },
                DATA_ROOT: {"componentInputParameter": DATA_ROOT},
            }
        },
    }


def places(inputs: ClusterInputs) -> dict[str, Any]:
    """Returns what ``cluster.check_task`` is told of the folders, tables and moods."""
    labelled = (inputs.train_csv, inputs.validation_csv, inputs.eval_csv)
    return {
        "root": inputs.root,
        "serving": inputs.serving,
        "labelled": [name for name in labelled if name],
        "unlabelled": [inputs.predict_csv] if inputs.predict_csv else [],
        "moods": len(inputs.moods),
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
