"""A pipeline with TFX's real Resolver and our real Pusher around toys, for several runs.

The file ``served.json`` beside the train CSV says what the next run makes; its keys are those of
``DEFAULTS``. Models are copies of a servable of quadrants, so that they answer.
"""

# TFX names a node after its function.
# ruff: noqa: N802

import json
import shutil
from pathlib import Path
from typing import Any

from tfx import v1 as tfx
from tfx.components.evaluator import constants
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.components.common import resolver
from tfx.types import standard_artifacts

from components.model_resolvers import last_blessed
from components.pusher.component import Pusher
from pipeline import nodes
from pipeline.config import Settings
from pipeline.metadata.store import PIPELINE
from pipeline.run_inputs import RunInputs
from schemas import artifacts
from schemas.splits import EVAL, TRAIN
from testing.report import score_documents

DEFAULTS = {"data": "1", "seed": "1", "blessed": 1, "servable": ""}


@component
def Data(examples: OutputArtifact[standard_artifacts.Examples], content: Parameter[str]) -> None:
    """Makes Examples of 1,000 bytes a split; another ``content`` stands for other data."""
    examples.split_names = json.dumps([TRAIN, EVAL])
    for split in (TRAIN, EVAL):
        shard = Path(examples.uri, f"Split-{split}", "shard")
        shard.parent.mkdir(parents=True)
        shard.write_text(content.ljust(1000))


@component
def Train(
    examples: InputArtifact[standard_artifacts.Examples],
    model: OutputArtifact[standard_artifacts.Model],
    model_run: OutputArtifact[standard_artifacts.ModelRun],
    servable: Parameter[str],
    seed: Parameter[str],
) -> None:
    """Copies a servable; data and seed are in a file that it does not read."""
    data = Path(examples.uri, f"Split-{TRAIN}", "shard").read_text()
    copy = Path(model.uri, "Format-Serving")
    shutil.copytree(servable, copy)
    (copy / "assets.extra" / "seed.txt").write_text(f"{data} {seed}")
    Path(model_run.uri, artifacts.CHECKPOINT_KERAS).write_text(seed)


@component
def Judge(
    model: InputArtifact[standard_artifacts.Model],
    evaluation: OutputArtifact[standard_artifacts.ModelEvaluation],
    blessing: OutputArtifact[standard_artifacts.ModelBlessing],
    blessed: Parameter[int],
    baseline: InputArtifact[standard_artifacts.Model] = None,
) -> None:
    """Blesses as TFX's Evaluator does, after a look at the baseline's files."""
    metrics = score_documents.metrics()
    metrics["verdict"] = {"blessed": bool(blessed), "notes": [], "checks": []}
    if baseline is not None:
        metrics["verdict"]["notes"].append(
            Path(baseline.uri, "Format-Serving", "assets.extra", "seed.txt").read_text()
        )
    Path(evaluation.uri, artifacts.METRICS_JSON).write_text(json.dumps(metrics))
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, model.id)
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY, blessed)


def create_pipeline(settings: Settings, inputs: RunInputs) -> tfx.dsl.Pipeline:
    """Stands in for ``pipeline.pipeline.create_pipeline``."""
    options = {**DEFAULTS, **json.loads((inputs.train_csv.parent / "served.json").read_text())}
    data = Data(content=options["data"])
    train = Train(
        examples=data.outputs["examples"], servable=options["servable"], seed=options["seed"]
    ).with_id(nodes.TRAINER)
    last: Any = resolver.Resolver(
        strategy_class=last_blessed.LastBlessedBefore,
        **{
            last_blessed.MODEL: tfx.dsl.Channel(type=standard_artifacts.Model),
            last_blessed.BLESSING: tfx.dsl.Channel(type=standard_artifacts.ModelBlessing),
            last_blessed.CURRENT: train.outputs["model"],
        },
    ).with_id(nodes.LAST_BLESSED)
    judge = Judge(
        model=train.outputs["model"],
        baseline=last.outputs[last_blessed.MODEL],
        blessed=options["blessed"],
    ).with_id(nodes.EVALUATOR)
    pusher = Pusher(
        model=train.outputs["model"],
        model_blessing=judge.outputs["blessing"],
        push_destination=tfx.proto.PushDestination(
            filesystem=tfx.proto.PushDestination.Filesystem(base_directory=str(inputs.serving))
        ),
    ).with_id(nodes.PUSHER)
    return tfx.dsl.Pipeline(
        pipeline_name=PIPELINE,
        pipeline_root=str(inputs.artifacts),
        components=[data, train, last, judge, pusher],
        enable_cache=True,
        metadata_connection_config=tfx.orchestration.metadata.sqlite_metadata_connection_config(
            str(inputs.metadata)
        ),
    )
