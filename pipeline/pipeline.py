"""The graph: which node feeds which. No algorithm lives here."""

import dataclasses
import json
from typing import Any

import tensorflow_data_validation as tfdv
from tfx import v1 as tfx
from tfx.proto import bulk_inferrer_pb2

from components.box_validator.component import BoxValidator
from components.bulk_inferrer.component import BulkInferrer
from components.data_gate.component import DataGate
from components.evaluator.component import Evaluator
from components.leak_check.component import LeakCheck
from components.model_resolvers import last_blessed
from components.pusher.component import Pusher
from components.servable_check.component import ServableCheck
from components.tuner.component import Tuner
from pipeline import nodes
from pipeline.beam import beam_args
from pipeline.code_version import code_version
from pipeline.config import Settings
from pipeline.platforms.local import LocalPlatform
from pipeline.platforms.platform import Platform
from pipeline.run_inputs import RunInputs
from schemas import features, signatures

STATISTICS_FEATURES = [*features.NUMERIC, features.LABEL, features.SPECIES]
"""All but the image bytes, and but the texts that differ in every row."""


def create_pipeline(settings: Settings, inputs: RunInputs) -> tfx.dsl.Pipeline:
    """Returns the pipeline from CSVs to a pushed model, for a run on this machine.

    Args:
      settings: how it works.
      inputs: what it works on.

    Raises:
      ConfigError: ML Metadata's password is missing, or its store is not that of earlier runs.
      DataRefusedError: a CSV is empty, not UTF-8 or lacks a column.
    """
    return pipeline_at(LocalPlatform(inputs, settings.metadata), settings)


def pipeline_at(platform: Platform, settings: Settings) -> tfx.dsl.Pipeline:
    """Returns the pipeline from CSVs to a pushed model.

    Args:
      platform: where it runs, and on what.
      settings: how it works.

    Raises:
      ConfigError: the settings ask for what there is not at that platform.
      DataRefusedError: a CSV that can be seen from here is empty, not UTF-8 or lacks a column.
    """
    moods = list(platform.moods)
    reading_code = code_version("components.pet_example_gen.executor")
    example_gen = platform.example_gen(settings, reading_code).with_id(nodes.EXAMPLE_GEN)
    example_gen.with_beam_pipeline_args(beam_args(settings.beam, settings.beam.workers))
    examples = example_gen.outputs["examples"]
    rejects = example_gen.outputs["rejects"]
    statistics_gen = tfx.components.StatisticsGen(
        examples=examples,
        stats_options=tfdv.StatsOptions(feature_allowlist=STATISTICS_FEATURES),
    ).with_id(nodes.STATISTICS_GEN)
    schema_gen = tfx.components.ImportSchemaGen(schema_file=platform.schema_file).with_id(
        nodes.SCHEMA_GEN
    )
    schema = schema_gen.outputs["schema"]
    example_validator = tfx.components.ExampleValidator(
        statistics=statistics_gen.outputs["statistics"], schema=schema
    ).with_id(nodes.EXAMPLE_VALIDATOR)
    box_validator = BoxValidator(
        rejects=rejects,
        statistics=statistics_gen.outputs["statistics"],
        anomalies=example_validator.outputs["anomalies"],
        max_reject_fraction=settings.data.max_reject_fraction,
        limits_json=_json(settings.validate),
        code=code_version("components.box_validator.component"),
    ).with_id(nodes.BOX_VALIDATOR)
    leak_check = LeakCheck(
        frames=example_gen.outputs["frames"],
        limits_json=_json(settings.leak),
        code=code_version("components.leak_check.component"),
    ).with_id(nodes.LEAK_CHECK)
    data_gate = DataGate(
        validation=box_validator.outputs["report"],
        leaks=leak_check.outputs["report"],
        code=code_version("components.data_gate.component"),
    ).with_id(nodes.DATA_GATE)
    transform = tfx.components.Transform(
        examples=examples,
        schema=schema,
        preprocessing_fn="models.transform.preprocessing_fn",
        custom_config={"moods": moods, "code": code_version("models.transform")},
        # Together these keep TFX from reading a single picture: the graph is only traced.
        materialize=False,
        disable_statistics=True,
    ).with_id(nodes.TRANSFORM)
    transform.add_upstream_node(data_gate)
    base = platform.base_model(examples) if settings.model.warm_start else None
    learning = {
        "examples": examples,
        "transform_graph": transform.outputs["transform_graph"],
        "schema": schema,
        "base_model": base.outputs[last_blessed.MODEL] if base else None,
        "train_args": tfx.proto.TrainArgs(splits=["train"]),
        "eval_args": tfx.proto.EvalArgs(splits=["eval"]),
    }
    config = {
        "model": dataclasses.asdict(settings.model),
        "train": dataclasses.asdict(settings.train),
        "augment": dataclasses.asdict(settings.augment),
        "moods": moods,
        "box_margin": settings.data.box_margin,
        "calibrate": settings.evaluate.calibrate,
        "backup_dir": platform.backup_dir,
    }
    tuner = None
    if settings.tune.trials:
        tuner = Tuner(
            **learning,
            tuner_fn="models.tuner.tuner_fn",
            custom_config=config
            | {
                "tune": dataclasses.asdict(settings.tune),
                "code": code_version("components.tuner.executor", "models.tuner"),
            },
        ).with_id(nodes.TUNER)
    trainer = tfx.components.Trainer(
        **learning,
        run_fn="models.trainer.run_fn",
        hyperparameters=tuner.outputs["best_hyperparameters"] if tuner else None,
        custom_config=config | {"code": code_version("models.trainer")},
    ).with_id(nodes.TRAINER)
    model = trainer.outputs["model"]
    last = platform.last_model(model).with_id(nodes.LAST_BLESSED)
    evaluator = Evaluator(
        examples=examples,
        rejects=rejects,
        model=model,
        baseline_model=last.outputs[last_blessed.MODEL],
        settings=settings.evaluate,
        code=code_version("components.evaluator.executor"),
    ).with_id(nodes.EVALUATOR)
    servable_check = ServableCheck(
        model=model,
        model_run=trainer.outputs["model_run"],
        code=code_version("components.servable_check.component", "components.servable_check.probe"),
    ).with_id(nodes.SERVABLE_CHECK)
    blessed = {
        "model": model,
        "model_blessing": evaluator.outputs["blessing"],
        "infra_blessing": servable_check.outputs["blessing"],
    }
    pusher = Pusher(
        **blessed,
        push_destination=tfx.proto.PushDestination(
            filesystem=tfx.proto.PushDestination.Filesystem(base_directory=platform.serving)
        ),
        custom_config={"code": code_version("components.pusher.executor")},
    ).with_id(nodes.PUSHER)
    unlabelled_gen = platform.unlabelled_gen(settings, reading_code)
    labelling = []
    if unlabelled_gen:
        unlabelled_gen.with_id(nodes.UNLABELLED_GEN)
        unlabelled_gen.with_beam_pipeline_args(beam_args(settings.beam, settings.beam.workers))
        labelling = [unlabelled_gen, _bulk_inferrer(unlabelled_gen, pusher, **blessed)]
    return tfx.dsl.Pipeline(
        pipeline_name=platform.name,
        pipeline_root=platform.root,
        components=[
            example_gen,
            statistics_gen,
            schema_gen,
            example_validator,
            box_validator,
            leak_check,
            data_gate,
            transform,
            *(node for node in (base, tuner) if node),
            trainer,
            last,
            evaluator,
            servable_check,
            pusher,
            *platform.other_pushers(settings, pusher, **blessed),
            *labelling,
        ],
        enable_cache=True,
        metadata_connection_config=platform.metadata,
        beam_pipeline_args=beam_args(settings.beam, 1),
    )


def _bulk_inferrer(unlabelled_gen: Any, pusher: Any, **blessed: Any) -> Any:
    """Returns the node that puts a blessed model's answers beside what was asked."""
    columns = (
        (signatures.MOOD, features.PREDICTED_MOOD),
        (signatures.PROBABILITIES, features.PREDICTED_PROBABILITIES),
        (signatures.STATUS, features.PREDICTED_STATUS),
    )
    spec = bulk_inferrer_pb2.OutputColumnsSpec(
        predict_output=bulk_inferrer_pb2.PredictOutput(
            output_columns=[
                bulk_inferrer_pb2.PredictOutputCol(output_key=key, output_column=column)
                for key, column in columns
            ]
        )
    )
    node = BulkInferrer(
        **blessed,
        examples=unlabelled_gen.outputs["examples"],
        model_spec=tfx.proto.ModelSpec(model_signature_name=[signatures.SERVE_BULK]),
        output_example_spec=tfx.proto.OutputExampleSpec(output_columns_spec=[spec]),
        code=code_version("components.bulk_inferrer.executor"),
    ).with_id(nodes.BULK_INFERRER)
    # Whoever waits for the model does not wait for a million answers first.
    node.add_upstream_node(pusher)
    return node


def _json(settings: Any) -> str:
    return json.dumps(dataclasses.asdict(settings), sort_keys=True)
