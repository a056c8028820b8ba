"""Ingest and validate: from CSVs and photos to Examples that may be trained on."""

from typing import Any, NamedTuple

import tensorflow_data_validation as tfdv
from tfx.components import ExampleValidator, StatisticsGen
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen

from components.box_validator.component import BoxValidator
from components.data_gate.component import DataGate
from components.leak_check.component import LeakCheck
from pipeline import nodes
from pipeline.beam import beam_args
from pipeline.code_version import code_version
from pipeline.config import Settings
from pipeline.platforms.platform import Platform
from schemas import features

STATISTICS_FEATURES = [*features.NUMERIC, features.LABEL, features.SPECIES]
"""All but the image bytes, and but the texts that differ in every row."""


class Data(NamedTuple):
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


def ingest(platform: Platform, settings: Settings) -> Any:
    """Returns the node that turns CSVs and photos into Examples."""
    example_gen = platform.example_gen(settings, ingest_code()).with_id(nodes.EXAMPLE_GEN)
    example_gen.with_beam_pipeline_args(beam_args(settings.beam, settings.beam.workers))
    return example_gen


def validate(platform: Platform, settings: Settings, example_gen: Any) -> Data:
    """Adds statistics, checks and the gate that stops the run on bad data."""
    examples, rejects = example_gen.outputs["examples"], example_gen.outputs["rejects"]

    # Statistics of the numbers and labels, by split.
    statistics_gen = StatisticsGen(
        examples=examples,
        stats_options=tfdv.StatsOptions(feature_allowlist=STATISTICS_FEATURES),
    ).with_id(nodes.STATISTICS_GEN)
    statistics = statistics_gen.outputs["statistics"]

    # The schema that the project brings, and anomalies of the data against it.
    schema_gen = ImportSchemaGen(schema_file=platform.schema_file).with_id(nodes.SCHEMA_GEN)
    schema = schema_gen.outputs["schema"]
    example_validator = ExampleValidator(statistics=statistics, schema=schema).with_id(
        nodes.EXAMPLE_VALIDATOR
    )

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
    return Data([example_gen, *checks], examples, rejects, schema, data_gate)


def ingest_code() -> str:
    """Returns the version of what reads photos, for both nodes that do."""
    return code_version("components.pet_example_gen.executor")
