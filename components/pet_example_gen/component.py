"""PetExampleGen: turns cleaned CSVs and photos into Examples with crops, and lists refused rows."""

import posixpath
from collections.abc import Mapping

from tfx import types
from tfx.components.example_gen import component as example_gen
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.proto import example_gen_pb2
from tfx.types import component_spec, standard_artifacts, standard_component_specs

from components.artifact_types import Frames, Rejects
from components.pet_example_gen import executor
from components.pet_example_gen.job import IngestSettings
from dataset.partition import SPLIT_BUCKETS
from schemas import features
from schemas.splits import EVAL, TRAIN
from system.patterns import escaped

DATA_VERSION = "data_version"
"""Execution property that is used in the cache key alone."""


class PetExampleGenSpec(component_spec.ComponentSpec):
    """The contract of a FileBasedExampleGen, with two more outputs: rejects and frames."""

    PARAMETERS = {
        **standard_component_specs.FileBasedExampleGenSpec.PARAMETERS,
        executor.INGEST_KEY: component_spec.ExecutionParameter(type=str),
        DATA_VERSION: component_spec.ExecutionParameter(type=str, optional=True),
        executor.LOG_KEY: component_spec.ExecutionParameter(type=str, optional=True),
    }
    INPUTS = standard_component_specs.FileBasedExampleGenSpec.INPUTS
    OUTPUTS = {
        **standard_component_specs.FileBasedExampleGenSpec.OUTPUTS,
        executor.REJECTS_KEY: component_spec.ChannelParameter(type=Rejects),
        executor.FRAMES_KEY: component_spec.ChannelParameter(type=Frames),
    }


class PetExampleGen(example_gen.FileBasedExampleGen):
    """Reads rows of (photo, box, mood) and writes the crops as TFRecord shards.

    Outputs:
      examples: splits of Examples with the features of ``schemas.features``, as uncompressed
        TFRecords (JPEG does not compress).
      rejects: every refused row with its reason, and counts.
      frames: metadata of every used frame, without pixels, as Parquet.

    Refused rows never stop the run. A CSV that is no table stops it with a ``DataRefusedError``.
    """

    SPEC_CLASS = PetExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)

    def __init__(
        self,
        csvs: Mapping[str, str],
        settings: IngestSettings,
        eval_fraction: float | None = None,
        data_root: RuntimeParameter | None = None,
        data_version: RuntimeParameter | None = None,
        log: str | None = None,
    ) -> None:
        """Creates the node.

        Args:
          csvs: path of each split's CSV.
          settings: how rows are read; part of the cache key. Its ``data.validation_fraction``
            divides train.
          eval_fraction: share of the clips of the only CSV that become "eval"; the others become
            "train". None leaves the splits as they are.
          data_root: folder that the paths start from, where it is known when the run starts; None
            where the paths are absolute.
          data_version: a text that changes with the data, where this machine cannot see the data.
          log: folder in which results are entered, so that later ones take rows over; None where
            they lie side by side.
        """
        paths = list(csvs.values())
        base, patterns = (
            (data_root, [escaped(path) for path in paths]) if data_root else _relative(paths)
        )
        inputs = example_gen_pb2.Input(
            splits=[
                example_gen_pb2.Input.Split(name=name, pattern=pattern)
                for name, pattern in zip(csvs, patterns, strict=True)
            ]
        )
        outputs = example_gen_pb2.Output()
        if eval_fraction is not None:
            share = round(eval_fraction * SPLIT_BUCKETS)
            outputs.split_config.partition_feature_name = features.CLIP
            outputs.split_config.splits.add(name=TRAIN, hash_buckets=SPLIT_BUCKETS - share)
            outputs.split_config.splits.add(name=EVAL, hash_buckets=share)

        spec = PetExampleGenSpec(
            input_base=base,
            input_config=inputs,
            output_config=outputs,
            ingest=settings.to_json(),
            data_version=data_version,
            ingest_log=log,
            output_data_format=example_gen_pb2.FORMAT_TF_EXAMPLE,
            # Readers go by the file's ending; TFX has no value for uncompressed TFRecords.
            output_file_format=example_gen_pb2.FORMAT_TFRECORDS_GZIP,
            examples=types.Channel(type=standard_artifacts.Examples),
            rejects=types.Channel(type=Rejects),
            frames=types.Channel(type=Frames),
        )
        base_beam_component.BaseBeamComponent.__init__(self, spec=spec)


def _relative(paths: list[str]) -> tuple[str, list[str]]:
    """Returns a folder above all paths and the paths from there, as glob patterns."""
    base = posixpath.commonpath([posixpath.dirname(path) for path in paths])
    # TFX joins both and takes the whole for a pattern.
    while escaped(base) != base:
        base = posixpath.dirname(base)
    return base, [escaped(posixpath.relpath(path, base)) for path in paths]
