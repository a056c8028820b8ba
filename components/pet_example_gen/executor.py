"""PetExampleGen's executor: deals rows out, lets Beam's workers write shards, adds up.

``BaseExampleGenExecutor`` would send whole Examples through a shuffle that holds them all in
memory on the local runner, and gzip JPEGs. Here a Beam element names a block of clips, and
its worker writes its own shard.
"""

import csv
import json
import posixpath
from collections import Counter
from typing import Any

import apache_beam as beam
from tfx import types
from tfx.components.example_gen import utils
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_beam_executor
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import proto_utils

from components.pet_example_gen.job import IngestSettings, ShardJob
from components.pet_example_gen.shard import joined_rejects, write_shard
from components.storage import open_file
from dataset.partition import Block, SplitShare, deal_out
from schemas import artifacts
from schemas.errors import DataRefusedError
from schemas.reasons import REJECT_COLUMNS, RejectReason

INGEST_KEY = "ingest"
"""Execution property that holds ``IngestSettings`` as JSON."""
REJECTS_KEY = "rejects"


class Executor(base_beam_executor.BaseBeamExecutor):
    """Writes the splits' shards and the rejects."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the ingest.

        Args:
          input_dict: empty.
          output_dict: "examples" and "rejects".
          exec_properties: a FileBasedExampleGen's, and ``INGEST_KEY``.

        Raises:
          DataRefusedError: a CSV is missing, empty, not UTF-8 or lacks a column.
        """
        settings = IngestSettings.from_json(exec_properties[INGEST_KEY])
        inputs, outputs = example_gen_pb2.Input(), example_gen_pb2.Output()
        proto_utils.json_to_proto(
            exec_properties[standard_component_specs.INPUT_CONFIG_KEY], inputs
        )
        proto_utils.json_to_proto(
            exec_properties[standard_component_specs.OUTPUT_CONFIG_KEY], outputs
        )
        examples = artifact_utils.get_single_instance(
            output_dict[standard_component_specs.EXAMPLES_KEY]
        )
        rejects = artifact_utils.get_single_instance(output_dict[REJECTS_KEY])
        base = exec_properties[standard_component_specs.INPUT_BASE_KEY]
        names = utils.generate_output_split_names(inputs, outputs)
        examples.split_names = artifact_utils.encode_split_names(names)

        work = posixpath.join(self._get_tmp_dir(), "rows")
        fileio.makedirs(work)
        blocks: list[Block] = []
        for split in inputs.splits:
            shares = [
                SplitShare(out.name, out.hash_buckets) for out in outputs.split_config.splits
            ] or [SplitShare(split.name, 1)]
            source = _only_file(posixpath.join(base, split.pattern))
            blocks += deal_out(source, shares, settings.data.shard_rows, work, open_file)
        totals = Counter[str]()
        for block in blocks:
            totals[block.split] += block.rows
        for name in names:
            fileio.makedirs(artifact_utils.get_split_uri([examples], name))
        jobs = [
            _job(
                block,
                settings,
                artifact_utils.get_split_uri([examples], block.split),
                work,
                totals[block.split],
            )
            for block in blocks
        ]
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | "Blocks" >> beam.Create(jobs)
                # Moves names of files, not pictures; without it one worker gets every block.
                | "Spread" >> beam.Reshuffle()
                | "WriteShard" >> beam.Map(write_shard)
            )
        _write_rejects(posixpath.join(rejects.uri, artifacts.REJECTS_CSV), jobs)
        _write_counts(posixpath.join(rejects.uri, artifacts.INGEST_JSON), names, jobs)
        examples_utils.set_payload_format(examples, example_gen_pb2.FORMAT_TF_EXAMPLE)


def _only_file(pattern: str) -> str:
    found: list[str] = fileio.glob(pattern)
    if len(found) != 1:
        raise DataRefusedError(f"A split is read from one CSV. {pattern} matches {len(found)}.")
    return found[0]


def _job(
    block: Block, settings: IngestSettings, split_uri: str, work: str, split_rows: int
) -> ShardJob:
    name = f"{block.split}-{block.number:05d}"
    return ShardJob(
        block=block,
        settings=settings,
        image_root=settings.image_root or posixpath.dirname(block.source),
        shard=posixpath.join(split_uri, f"{block.number:05d}-of-{block.of:05d}.tfrecord"),
        rejects=posixpath.join(work, f"rejects-{name}.csv"),
        counts=posixpath.join(work, f"counts-{name}.json"),
        split_rows=split_rows,
    )


def _write_rejects(path: str, jobs: list[ShardJob]) -> None:
    with open_file(path, "w") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(REJECT_COLUMNS)
        writer.writerows(joined_rejects([job.rejects for job in jobs]))


def _write_counts(path: str, names: list[str], jobs: list[ShardJob]) -> None:
    splits: dict[str, Any] = {}
    for name in names:
        own = [job for job in jobs if job.block.split == name]
        counts = [_read_json(job.counts) for job in own]
        splits[name] = {
            **{
                key: sum(count[key] for count in counts)
                for key in ("rows", "used", "clips", "bytes")
            },
            "moods": {
                mood: sum(count["moods"].get(mood, 0) for count in counts)
                for mood in own[0].settings.moods
            },
            "refused": {
                reason.value: sum(c["refused"].get(reason.value, 0) for c in counts)
                for reason in RejectReason
            },
        }
    with open_file(path, "w") as file:
        file.write(json.dumps({"splits": splits}, ensure_ascii=False, indent=1))


def _read_json(path: str) -> Any:
    with open_file(path, "r") as file:
        return json.loads(file.read())
