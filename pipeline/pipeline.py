"""The graph: which node feeds which. No algorithm lives here.

Five stages: ingest, validate, learn, judge, deliver. A node's ``code`` is the version of our
modules that it runs, for TFX's cache.
"""

from typing import Any, NamedTuple

import tensorflow_data_validation as tfdv
from tfx import v1 as tfx
from tfx.proto import bulk_inferrer_pb2

from components.box_validator.component import BoxValidator
from components.bulk_inferrer.component import BulkInferrer
from components.data_gate.component import DataGate
from components.evaluator.component import Evaluator
from components.exporter.component import Exporter
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
from schemas import exports, features, signatures
from schemas.splits import TRAIN

STATISTICS_FEATURES = [*features.NUMERIC, features.LABEL, features.SPECIES]
"""All but the image bytes, and but the texts that differ in every row."""


def create_pipeline(settings: Settings, inputs: RunInputs) -> tfx.dsl.Pipeline:
    """Returns the pipeline from CSVs to a pushed model, for a run on this machine.

    Args:
      settings: how it works.
      inputs: the data and the output folder.

    Raises:
      ConfigError: ML Metadata's password is missing, or its store is not that of earlier runs.
      DataRefusedError: a CSV is empty, not UTF-8 or lacks a column.
    """
    return pipeline_at(LocalPlatform(inputs, settings.metadata), settings)


def pipeline_at(platform: Platform, settings: Settings) -> tfx.dsl.Pipeline:
    """Returns the pipeline from CSVs to a pushed model.

    Args:
      platform: where it runs, and on which data.
      settings: how it works.

    Raises:
      ConfigError: the settings ask for something that the platform does not have.
      DataRefusedError: a CSV that can be seen from here is empty, not UTF-8 or lacks a column.
    """
    ingest = _ingest(platform, settings)
    data = _validate(platform, settings, ingest)
    model = _learn(platform, settings, data)
    verdict = _judge(platform, settings, data, model)
    deliver = _deliver(platform, settings, data, verdict)
    return tfx.dsl.Pipeline(
        pipeline_name=platform.name,
        pipeline_root=platform.root,
        components=[*data.nodes, *model.nodes, *verdict.nodes, *deliver],
        enable_cache=True,
        metadata_connection_config=platform.metadata,
        beam_pipeline_args=beam_args(settings.beam, 1),
    )


class _Data(NamedTuple):
    """Examples that may be trained on.

    Attributes:
      nodes: ingest and validation, in the order in which they run.
      examples, rejects: PetExampleGen's.
      schema: ImportSchemaGen's.
      gate: the node that must have passed.
    """

    nodes: list[Any]
    examples: Any
    rejects: Any
    schema: Any
    gate: Any


class _Model(NamedTuple):
    """A trained model, not yet judged: its nodes in order, and the last one's outputs."""

    nodes: list[Any]
    model: Any
    model_run: Any


class _Verdict(NamedTuple):
    """A judged model: its nodes in order, and what a node that uses it must be given."""

    nodes: list[Any]
    blessed_model: dict[str, Any]


def _ingest(platform: Platform, settings: Settings) -> Any:
    """Returns the node that turns CSVs and photos into Examples."""
    example_gen = platform.example_gen(settings, _ingest_code()).with_id(nodes.EXAMPLE_GEN)
    example_gen.with_beam_pipeline_args(beam_args(settings.beam, settings.beam.workers))
    return example_gen


def _validate(platform: Platform, settings: Settings, example_gen: Any) -> _Data:
    """Adds statistics, checks and the gate that stops the run on bad data."""
    examples, rejects = example_gen.outputs["examples"], example_gen.outputs["rejects"]

    # Statistics of the numbers and labels, by split.
    statistics_gen = tfx.components.StatisticsGen(
        examples=examples,
        stats_options=tfdv.StatsOptions(feature_allowlist=STATISTICS_FEATURES),
    ).with_id(nodes.STATISTICS_GEN)
    statistics = statistics_gen.outputs["statistics"]

    # The schema that the project brings, and anomalies of the data against it.
    schema_gen = tfx.components.ImportSchemaGen(schema_file=platform.schema_file).with_id(
        nodes.SCHEMA_GEN
    )
    schema = schema_gen.outputs["schema"]
    example_validator = tfx.components.ExampleValidator(
        statistics=statistics, schema=schema
    ).with_id(nodes.EXAMPLE_VALIDATOR)

    # Refused rows, boxes, and differences between train and eval.
    box_validator = BoxValidator(
        rejects=rejects,
        statistics=statistics,
        anomalies=example_validator.outputs["anomalies"],
        max_reject_fraction=settings.data.max_reject_fraction,
        limits_json=settings.validate.to_json(),
        code=code_version("components.box_validator.component"),
    ).with_id(nodes.BOX_VALIDATOR)

    # Clips, animals and pictures in two splits.
    leak_check = LeakCheck(
        frames=example_gen.outputs["frames"],
        limits_json=settings.leak.to_json(),
        code=code_version("components.leak_check.component"),
    ).with_id(nodes.LEAK_CHECK)

    # Raises where a report says so; the reports outlive it.
    data_gate = DataGate(
        validation=box_validator.outputs["report"],
        leaks=leak_check.outputs["report"],
        code=code_version("components.data_gate.component"),
    ).with_id(nodes.DATA_GATE)

    checks = [statistics_gen, schema_gen, example_validator, box_validator, leak_check, data_gate]
    return _Data([example_gen, *checks], examples, rejects, schema, data_gate)


def _learn(platform: Platform, settings: Settings, data: _Data) -> _Model:
    """Adds label indices, the optional search and warm start, and the training."""
    mood_names = list(platform.moods)

    # Label names become indices. Pixels stay JPEG: the last two arguments keep TFX from reading
    # a single picture, the graph is only traced. TFX's default is to analyse train alone.
    transform = tfx.components.Transform(
        examples=data.examples,
        schema=data.schema,
        preprocessing_fn="models.transform.preprocessing_fn",
        custom_config={"moods": mood_names, "code": code_version("models.transform")},
        materialize=False,
        disable_statistics=True,
    ).with_id(nodes.TRANSFORM)
    transform.add_upstream_node(data.gate)

    # The model to start from, with model.warm_start.
    base = platform.base_model(data.examples) if settings.model.warm_start else None
    inputs = {
        "examples": data.examples,
        "transform_graph": transform.outputs["transform_graph"],
        "schema": data.schema,
        "base_model": base.outputs[last_blessed.MODEL] if base else None,
        "train_args": tfx.proto.TrainArgs(splits=[TRAIN]),
        # What chooses; the Evaluator alone reads the rows that judge, unless there are no others.
        "eval_args": tfx.proto.EvalArgs(splits=[platform.choosing_split(settings)]),
    }
    config = {
        "model": settings.model.model_dump(),
        "train": settings.train.model_dump(),
        "augment": settings.augment.model_dump(),
        "moods": mood_names,
        "box_margin": settings.data.box_margin,
        "box_overhang": settings.data.box_overhang,
        "backup_dir": platform.backup_dir,
        "gpus": platform.gpus(settings),
    }

    # Short trainings in search of better settings, with tune.trials.
    tuner = None
    if settings.tune.trials:
        code = code_version("components.tuner.executor", "models.tuner")
        tuner = Tuner(
            **inputs,
            tuner_fn="models.tuner.tuner_fn",
            custom_config=config | {"tune": settings.tune.model_dump(), "code": code},
        ).with_id(nodes.TUNER)

    # What the export adds to the network, in which no trial takes part.
    export = {
        "calibration": {
            name: getattr(settings.evaluate, name)
            for name in ("calibrate", "target_accuracy", "coverage")
        },
        "trained_on": platform.trained_on,
    }

    # The training itself.
    trainer = tfx.components.Trainer(
        **inputs,
        run_fn="models.trainer.run_fn",
        hyperparameters=tuner.outputs["best_hyperparameters"] if tuner else None,
        custom_config=config | export | {"code": code_version("models.trainer")},
    ).with_id(nodes.TRAINER)
    trained = [transform, *(node for node in (base, tuner) if node), trainer]
    if not settings.locate.enabled:
        return _Model(trained, trainer.outputs["model"], trainer.outputs["model_run"])

    # What finds the animal in a photo without a box; its model is the Trainer's with the locator.
    locator = tfx.components.Trainer(
        **inputs | {"base_model": trainer.outputs["model"]},
        run_fn="models.locator.run_fn",
        custom_config=config
        | {"locate": settings.locate.model_dump(), "code": code_version("models.locator")},
    ).with_id(nodes.LOCATOR)
    return _Model([*trained, locator], locator.outputs["model"], locator.outputs["model_run"])


def _judge(platform: Platform, settings: Settings, data: _Data, trained: _Model) -> _Verdict:
    """Adds the evaluation against the last blessed model, and the check of the servable."""
    # The model that the new one must not fall behind.
    last = platform.last_model(trained.model).with_id(nodes.LAST_BLESSED)

    # Scores on the eval split, and the blessing.
    evaluator = Evaluator(
        examples=data.examples,
        rejects=data.rejects,
        model=trained.model,
        baseline_model=last.outputs[last_blessed.MODEL],
        settings=settings.evaluate,
        code=code_version("components.evaluator.executor"),
    ).with_id(nodes.EVALUATOR)

    # Whether a clean process can serve it, with the same answers.
    servable_check = ServableCheck(
        model=trained.model,
        model_run=trained.model_run,
        code=code_version("components.servable_check.component", "components.servable_check.probe"),
    ).with_id(nodes.SERVABLE_CHECK)
    return _Verdict(
        [last, evaluator, servable_check],
        {
            "model": trained.model,
            "model_blessing": evaluator.outputs["blessing"],
            "infra_blessing": servable_check.outputs["blessing"],
        },
    )


def _deliver(platform: Platform, settings: Settings, data: _Data, verdict: _Verdict) -> list[Any]:
    """Returns the push of a blessed model, and what exports, platform and --predict-csv add."""
    # A version in the serving folder.
    pusher = Pusher(
        **verdict.blessed_model,
        push_destination=tfx.proto.PushDestination(
            filesystem=tfx.proto.PushDestination.Filesystem(base_directory=platform.serving)
        ),
        custom_config={"code": code_version("components.pusher.executor")},
    ).with_id(nodes.PUSHER)
    others = platform.other_pushers(settings, pusher, **verdict.blessed_model)

    # The network for other runtimes than TensorFlow, with export.formats.
    if settings.export.names:
        platform.check_exports(settings.export)
        exporter = Exporter(
            examples=data.examples,
            rejects=data.rejects,
            model=verdict.blessed_model["model"],
            pushed_model=pusher.outputs["pushed_model"],
            folder=exports.folder_beside(platform.serving),
            settings_json=settings.export.to_json(),
            code=code_version("components.exporter.component", "models.exporting.job"),
        ).with_id(nodes.EXPORTER)
        others = [exporter, *others]

    # Predictions for rows without moods.
    unlabelled_gen = platform.unlabelled_gen(settings, _ingest_code())
    if unlabelled_gen is None:
        return [pusher, *others]
    unlabelled_gen.with_id(nodes.UNLABELLED_GEN)
    unlabelled_gen.with_beam_pipeline_args(beam_args(settings.beam, settings.beam.workers))
    inferrer = _bulk_inferrer(unlabelled_gen, pusher, **verdict.blessed_model)
    return [pusher, *others, unlabelled_gen, inferrer]


def _ingest_code() -> str:
    return code_version("components.pet_example_gen.executor")


def _bulk_inferrer(unlabelled_gen: Any, pusher: Any, **blessed_model: Any) -> Any:
    """Returns the node that writes a blessed model's predictions beside Examples."""
    columns = (
        (signatures.MOOD, features.PREDICTED_MOOD),
        (signatures.MOOD_ID, features.PREDICTED_MOOD_ID),
        (signatures.UNSURE, features.PREDICTED_UNSURE),
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
        **blessed_model,
        examples=unlabelled_gen.outputs["examples"],
        model_spec=tfx.proto.ModelSpec(model_signature_name=[signatures.SERVE_BULK]),
        output_example_spec=tfx.proto.OutputExampleSpec(output_columns_spec=[spec]),
        code=code_version("components.bulk_inferrer.executor"),
    ).with_id(nodes.BULK_INFERRER)
    # Whoever waits for the model does not wait for a million predictions first.
    node.add_upstream_node(pusher)
    return node
