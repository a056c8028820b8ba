"""A pipeline with TFX's real Trainer and Resolver, and with toy data and toy blessings."""

# TFX names a node after its function.
# ruff: noqa: N802

import json
from pathlib import Path
from typing import Any

from tfx import v1 as tfx
from tfx.components.evaluator import constants
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import standard_artifacts

from pipeline.platforms.local import base_model_of
from schemas.splits import EVAL, TRAIN

BASE = "base.txt"
"""File in the model that names the base model of its training."""


@component
def Data(examples: OutputArtifact[standard_artifacts.Examples], content: Parameter[str]) -> None:
    """Makes Examples without a file; another ``content`` stands for other data."""
    examples.split_names = json.dumps([TRAIN, EVAL])
    examples.set_string_custom_property("content", content)


@component
def Bless(
    model: InputArtifact[standard_artifacts.Model],
    blessing: OutputArtifact[standard_artifacts.ModelBlessing],
    blessed: Parameter[int],
) -> None:
    """Blesses as TFX's Evaluator does."""
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, model.id)
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY, blessed)


def run_fn(fn_args: Any) -> None:
    """Writes the base model's name into the model."""
    Path(fn_args.serving_model_dir).mkdir(parents=True)
    Path(fn_args.serving_model_dir, BASE).write_text(str(fn_args.base_model))


def run(output: Path, content: str, blessed: bool = True) -> None:
    """Runs the pipeline on data with that content; ``blessed`` is the model's blessing."""
    data = Data(content=content)
    base = base_model_of(data.outputs["examples"])
    trainer = tfx.components.Trainer(
        examples=data.outputs["examples"],
        base_model=base.outputs["model"],
        run_fn=f"{__name__}.run_fn",
        train_args=tfx.proto.TrainArgs(splits=[TRAIN]),
        eval_args=tfx.proto.EvalArgs(splits=[EVAL]),
    )
    bless = Bless(model=trainer.outputs["model"], blessed=int(blessed))
    pipeline = tfx.dsl.Pipeline(
        pipeline_name="warm",
        pipeline_root=str(output / "pipeline"),
        components=[data, base, trainer, bless],
        enable_cache=True,
        metadata_connection_config=tfx.orchestration.metadata.sqlite_metadata_connection_config(
            str(output / "metadata.sqlite")
        ),
    )
    tfx.orchestration.LocalDagRunner().run(pipeline)
