"""PetExampleGen's executor: deals rows out, lets workers write shards, adds up.

``BaseExampleGenExecutor`` would send whole Examples through a shuffle that holds them all in
memory on the local runner, and gzip JPEGs. Here a job names a block of clips, and its worker
writes its own shard.
"""

import csv
import json
import logging
import posixpath
from collections import Counter
from collections.abc import Iterator, Sequence
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
from components.pet_example_gen.shard import write_shard
from components.pet_example_gen.shard_files import FRAMES, RECORDS, read_counts, read_rejects
from components.pet_example_gen.work import local_processes, write_shards_here
from dataset.partition import Partition, SplitShare, partition_rows
from schemas import artifacts
from schemas.errors import DataRefusedError
from schemas.reasons import REJECT_COLUMNS, RejectReason
from schemas.splits import TRAIN
from system.storage import link_file, open_file

INGEST_KEY = "ingest"
"""Execution property that holds ``IngestSettings`` as JSON."""
REJECTS_KEY = "rejects"
FRAMES_KEY = "frames"
UNFINISHED = "unfinished"
"""Folder beside the outputs' that holds finished blocks while the node runs, and after it died."""
_LOGGER = logging.getLogger(__name__)


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
          output_dict: "examples", "rejects" and "frames".
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
        frames = artifact_utils.get_single_instance(output_dict[FRAMES_KEY])
        base = exec_properties[standard_component_specs.INPUT_BASE_KEY]
        names = utils.generate_output_split_names(inputs, outputs)
        examples.split_names = artifact_utils.encode_split_names(names)

        rows = posixpath.join(self._get_tmp_dir(), "rows")
        fileio.makedirs(rows)
        dealings = []
        for split in inputs.splits:
            shares = [
                SplitShare(out.name, out.hash_buckets) for out in outputs.split_config.splits
            ] or [SplitShare(split.name, 1)]
            source = _only_file(posixpath.join(base, split.pattern))
            dealings.append(
                partition_rows(
                    source,
                    shares,
                    settings.data.shard_rows,
                    rows,
                    open_file,
                    labelled=settings.labelled,
                )
            )
        # Beside the executions' own folders, which are removed when a run dies.
        unfinished = posixpath.join(posixpath.dirname(posixpath.dirname(examples.uri)), UNFINISHED)
        fileio.makedirs(unfinished)
        jobs = [job for dealing in dealings for job in _jobs(dealing, settings, unfinished)]
        self._write_shards(jobs)
        for name in names:
            of_split = [job for job in jobs if job.block.split == name]
            for artifact, ending in ((examples, RECORDS), (frames, FRAMES)):
                folder = posixpath.join(artifact.uri, f"Split-{name}")
                fileio.makedirs(folder)
                for job in of_split:
                    link_file(job.stem + ending, posixpath.join(folder, job.shard_name + ending))
        _write_rejects(posixpath.join(rejects.uri, artifacts.REJECTS_CSV), jobs)
        _write_counts(posixpath.join(rejects.uri, artifacts.INGEST_JSON), names, jobs)
        examples_utils.set_payload_format(examples, example_gen_pb2.FORMAT_TF_EXAMPLE)
        fileio.rmtree(unfinished)

    def _write_shards(self, jobs: list[ShardJob]) -> None:
        processes = local_processes(self._beam_pipeline_args or [])
        if processes is not None:
            anew = write_shards_here(jobs, processes)
            _LOGGER.info("%d of %d blocks were finished before", len(jobs) - anew, len(jobs))
            return
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | "Blocks" >> beam.Create(jobs)
                # Moves names of files, not pictures; without it one worker gets every block.
                | "Spread" >> beam.Reshuffle()
                | "WriteShard" >> beam.Map(write_shard)
            )


def _only_file(pattern: str) -> str:
    found: list[str] = fileio.glob(pattern)
    if len(found) != 1:
        raise DataRefusedError(f"A split is read from one CSV. {pattern} matches {len(found)}.")
    return found[0]


def _jobs(dealing: Partition, settings: IngestSettings, folder: str) -> Iterator[ShardJob]:
    totals = Counter[str]()
    for block in dealing.blocks:
        totals[block.split] += block.rows
    for block in dealing.blocks:
        rows_of = dealing.labels[block.split]
        yield ShardJob(
            block=block,
            settings=settings,
            image_root=settings.image_root or posixpath.dirname(block.source),
            thinned=settings.thin.is_on and block.split == TRAIN,
            whole_moods=frozenset(
                mood for mood in settings.moods if rows_of.get(mood, 0) < settings.thin.keep_below
            ),
            stem=posixpath.join(
                folder, f"{block.split}-{block.number:05d}-of-{block.num_blocks:05d}"
            ),
            split_rows=totals[block.split],
        )


def _write_rejects(path: str, jobs: list[ShardJob]) -> None:
    with open_file(path, "w") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(REJECT_COLUMNS)
        writer.writerows(read_rejects([job.stem for job in jobs]))


def _write_counts(path: str, names: list[str], jobs: list[ShardJob]) -> None:
    splits: dict[str, Any] = {}
    for name in names:
        own = [job for job in jobs if job.block.split == name]
        counts = [read_counts(job.stem) for job in own]
        moods = own[0].settings.moods
        splits[name] = {
            **{
                key: sum(count[key] for count in counts)
                for key in ("rows", "used", "clips", "bytes")
            },
            "moods": _sums(counts, "moods", moods),
            "thinned": _sums(counts, "thinned", moods),
            "refused": _sums(counts, "refused", [reason.value for reason in RejectReason]),
        }
    with open_file(path, "w") as file:
        file.write(json.dumps({"splits": splits}, ensure_ascii=False, indent=1))


def _sums(counts: list[dict[str, Any]], key: str, names: Sequence[str]) -> dict[str, int]:
    return {name: sum(count[key].get(name, 0) for count in counts) for name in names}
