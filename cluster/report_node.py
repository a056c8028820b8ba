"""Adds the tasks that report to a compiled pipeline.

They are no nodes of the graph: on one machine the runner makes the page after the last node, also
of a run that a gate has stopped. On a cluster there are two tasks. ``DATA_REPORT`` depends on what
the DataGate reads, and not on the gate. ``REPORT`` depends on the judges and the Pusher, which do
not fail where a model is not blessed. So there is a report wherever a gate refuses.
"""

import json
from typing import Any

from pipeline import nodes
from pipeline.config import Settings
from schemas import artifacts

DATA_REPORT, REPORT = "DataReport", "Report"
"""Ids of the tasks."""
FIGURES, CONFUSION, PAGE = "figures", "confusion", "page"
"""Keys of their outputs."""
SETTINGS = "settings"
"""Key of their parameter."""
TASKS = (DATA_REPORT, REPORT)

_METRICS, _CLASSIFICATION, _HTML = (
    {"schemaTitle": f"system.{name}", "schemaVersion": "0.0.1"}
    for name in ("Metrics", "ClassificationMetrics", "HTML")
)
"""Types that both clusters' pages draw
(https://www.kubeflow.org/docs/components/pipelines/user-guides/data-handling/artifacts/)."""
_DATA_SOURCES = (
    (artifacts.REJECTS_TYPE, nodes.EXAMPLE_GEN, "rejects"),
    (artifacts.REPORT_TYPE, nodes.BOX_VALIDATOR, "report"),
    (artifacts.LEAK_REPORT_TYPE, nodes.LEAK_CHECK, "report"),
)
_SOURCES = (
    *_DATA_SOURCES,
    (artifacts.TUNER_RESULTS_TYPE, nodes.TUNER, "tuner_results"),
    (artifacts.MODEL_RUN_TYPE, nodes.TRAINER, "model_run"),
    (artifacts.EVALUATION_TYPE, nodes.EVALUATOR, "evaluation"),
    (artifacts.INFRA_BLESSING_TYPE, nodes.SERVABLE_CHECK, "blessing"),
    (artifacts.PUSHED_MODEL_TYPE, nodes.PUSHER, "pushed_model"),
    (artifacts.EXPORTS_TYPE, nodes.EXPORTER, "exports"),
)
"""Type of each input, the node that makes it, and its key there."""


def add_tasks(spec: dict[str, Any], settings: Settings, image: str) -> None:
    """Adds both tasks to a specification in place.

    Args:
      spec: the compiled PipelineSpec.
      settings: of the run; the page lists them.
      image: container image of the tasks.
    """
    _add(spec, DATA_REPORT, _DATA_SOURCES, {FIGURES: _METRICS, PAGE: _HTML}, settings, image)
    outputs = {FIGURES: _METRICS, CONFUSION: _CLASSIFICATION, PAGE: _HTML}
    _add(spec, REPORT, _SOURCES, outputs, settings, image)


def _add(
    spec: dict[str, Any],
    name: str,
    sources: tuple[tuple[str, str, str], ...],
    outputs: dict[str, dict[str, str]],
    settings: Settings,
    image: str,
) -> None:
    tasks = spec["root"]["dag"]["tasks"]
    inputs = [(kind.replace(".", "_"), node, key) for kind, node, key in sources if node in tasks]
    executor = f"{name}_executor"
    spec["components"][name] = {
        "executorLabel": executor,
        "inputDefinitions": {
            "artifacts": {
                kind: {
                    "artifactType": spec["components"][node]["outputDefinitions"]["artifacts"][key][
                        "artifactType"
                    ]
                }
                for kind, node, key in inputs
            },
            "parameters": {SETTINGS: {"parameterType": "STRING"}},
        },
        "outputDefinitions": {
            "artifacts": {key: {"artifactType": kind} for key, kind in outputs.items()}
        },
    }
    spec["deploymentSpec"]["executors"][executor] = {
        "container": {
            "image": image,
            "command": ["python", "-m", "cluster.report_task"],
            "args": ["{{$}}"],
        }
    }
    text = json.dumps(settings.as_dict(), ensure_ascii=False, sort_keys=True)
    tasks[name] = {
        "taskInfo": {"name": name},
        "componentRef": {"name": name},
        "dependentTasks": sorted({node for _, node, _ in inputs}),
        "inputs": {
            "artifacts": {
                kind: {"taskOutputArtifact": {"producerTask": node, "outputArtifactKey": key}}
                for kind, node, key in inputs
            },
            "parameters": {SETTINGS: {"runtimeValue": {"constant": text}}},
        },
    }
