"""PetExampleGen's executor: assigns rows to blocks, lets workers write shards, sums the counts.

``BaseExampleGenExecutor`` would send whole Examples through a shuffle that holds them all in
memory on the local runner, and gzip JPEGs. Here a job names a block of clips, and its worker
writes its own shard.
"""

import contextlib
import logging
import posixpath
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import apache_beam as beam
from tfx import types
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_beam_executor
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import proto_utils

from components.pet_example_gen.collecting import (
    link_shards,
    write_counts,
    write_names,
    write_rejects,
)
from components.pet_example_gen.earlier_results import (
    EarlierResult,
    add_to_log,
    deal_out,
    find_logged,
    find_results,
)
from components.pet_example_gen.job import IngestSettings, ShardJob
from components.pet_example_gen.row_keys import reading_version
from components.pet_example_gen.shard import write_shard
from components.pet_example_gen.work import local_processes, write_shards_here
from components.working_folder import working_folder
from dataset.partition import Partition, SplitShare, partition_rows
from schemas import artifacts
from schemas.errors import DataRefusedError
from schemas.splits import FRAMES, FRAMES_FOLDER, RECORDS, TRAIN, split_folder
from system import storage
from system.buckets.stores import is_remote
from system.storage import open_file

INGEST_KEY = "ingest"
"""Execution property that holds ``IngestSettings`` as JSON."""
LOG_KEY = "ingest_log"
"""Execution property that names the folder of ``earlier_results.find_logged``; none on one
machine."""
REJECTS_KEY = "rejects"
FRAMES_KEY = "frames"
_LOGGER = logging.getLogger(__name__)


class Executor(base_beam_executor.BaseBeamExecutor):
    """Writes the splits' shards and the refused rows."""

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
          exec_properties: those of a FileBasedExampleGen, ``INGEST_KEY`` and ``LOG_KEY``.

        Raises:
          DataRefusedError: a CSV is missing, empty, not UTF-8 or lacks a column.
        """
        settings = IngestSettings.from_json(exec_properties[INGEST_KEY])
        inputs, outputs = _split_configs(exec_properties)
        examples = artifact_utils.get_single_instance(
            output_dict[standard_component_specs.EXAMPLES_KEY]
        )
        rejects = artifact_utils.get_single_instance(output_dict[REJECTS_KEY])
        frames = artifact_utils.get_single_instance(output_dict[FRAMES_KEY])

        # Assign the rows to blocks, and write a shard for each block.
        base = exec_properties[standard_component_specs.INPUT_BASE_KEY]
        unfinished = working_folder(examples.uri, standard_component_specs.EXAMPLES_KEY)
        storage.make_folder(unfinished)
        version = reading_version(settings)
        log = exec_properties.get(LOG_KEY)
        with self._rows_folder() as rows_folder:
            partitions = _deal_out(inputs, outputs, base, settings, rows_folder)
            jobs = [
                job for partition in partitions for job in _jobs(partition, settings, unfinished)
            ]
            # Without its version, code that reads otherwise could not be told apart.
            if settings.code:
                results = (
                    find_logged(log, version)
                    if log
                    else find_results(examples.uri, frames.uri, rejects.uri, version)
                )
                earlier = deal_out(results, partitions, rows_folder)
                jobs = [replace(job, earlier=earlier.get(job.block[:2], ())) for job in jobs]
            self._write_shards(jobs)

        # Collect the shards, the refused rows and the counts.
        splits = list(dict.fromkeys(job.block.split for job in jobs))  # Each has a block.
        for split in splits:
            split_jobs = [job for job in jobs if job.block.split == split]
            link_shards(split_jobs, RECORDS, posixpath.join(examples.uri, split_folder(split)))
            link_shards(split_jobs, FRAMES, posixpath.join(frames.uri, split_folder(split)))
            write_names(posixpath.join(examples.uri, artifacts.NAMES_FOLDER), split, split_jobs)
            if settings.labelled:
                index = posixpath.join(examples.uri, FRAMES_FOLDER, split_folder(split))
                link_shards(split_jobs, FRAMES, index)
        write_rejects(posixpath.join(rejects.uri, artifacts.REJECTS_CSV), jobs)
        write_counts(posixpath.join(rejects.uri, artifacts.INGEST_JSON), splits, jobs, version)
        if log and settings.code:
            add_to_log(log, version, EarlierResult(examples.uri, frames.uri))
        examples.split_names = artifact_utils.encode_split_names(splits)
        examples_utils.set_payload_format(examples, example_gen_pb2.FORMAT_TF_EXAMPLE)
        # On a disk the links cost nothing, and the runner removes them once TFX has recorded the
        # node as complete: after a kill before that, no photo is read again.
        if is_remote(unfinished):
            storage.remove_folder(unfinished)

    @contextlib.contextmanager
    def _rows_folder(self) -> Iterator[str]:
        """Yields a temporary folder for the blocks' rows, where the workers can read it."""
        temporary = self._get_tmp_dir()
        if is_remote(temporary) and local_processes(self._beam_pipeline_args or []) is not None:
            with tempfile.TemporaryDirectory(prefix="pet-mood-rows-") as folder:
                yield folder
            return
        folder = posixpath.join(temporary, "rows")
        storage.make_folder(folder)
        yield folder

    def _write_shards(self, jobs: list[ShardJob]) -> None:
        processes = local_processes(self._beam_pipeline_args or [])
        if processes is not None:
            written = write_shards_here(jobs, processes)
            _LOGGER.info(
                "%d of %d blocks were finished by an earlier run", len(jobs) - written, len(jobs)
            )
            return
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | "Blocks" >> beam.Create(jobs)
                # Moves names of files, not pictures; without it one worker gets every block.
                | "Spread" >> beam.Reshuffle()
                | "WriteShard" >> beam.Map(write_shard)
            )


def _deal_out(
    inputs: example_gen_pb2.Input,
    outputs: example_gen_pb2.Output,
    base: str,
    settings: IngestSettings,
    folder: str,
) -> list[Partition]:
    """Returns the blocks of each CSV; the blocks' rows are written to a folder."""
    output_shares = [
        SplitShare(split.name, split.hash_buckets) for split in outputs.split_config.splits
    ]
    return [
        partition_rows(
            _only_file(posixpath.join(base, split.pattern)),
            output_shares or [SplitShare(split.name, 1)],
            settings.data.shard_rows,
            folder,
            open_file,
            labelled=settings.labelled,
            validation_share=settings.validation_share,
        )
        for split in inputs.splits
    ]


def _split_configs(
    exec_properties: dict[str, Any],
) -> tuple[example_gen_pb2.Input, example_gen_pb2.Output]:
    inputs, outputs = example_gen_pb2.Input(), example_gen_pb2.Output()
    proto_utils.json_to_proto(exec_properties[standard_component_specs.INPUT_CONFIG_KEY], inputs)
    proto_utils.json_to_proto(exec_properties[standard_component_specs.OUTPUT_CONFIG_KEY], outputs)
    return inputs, outputs


def _only_file(pattern: str) -> str:
    # A missing object is then an error of one kind, whatever the bucket.
    paths: list[str] = storage.matching(pattern) if is_remote(pattern) else fileio.glob(pattern)
    if len(paths) != 1:
        raise DataRefusedError(
            f"A split must be read from one CSV. Received: {pattern}, which matches {len(paths)} "
            "files"
        )
    return paths[0]


def _jobs(partition: Partition, settings: IngestSettings, folder: str) -> Iterator[ShardJob]:
    split_rows = Counter[str]()
    for block in partition.blocks:
        split_rows[block.split] += block.rows
    for block in partition.blocks:
        label_counts = partition.labels[block.split]
        yield ShardJob(
            block=block,
            settings=settings,
            image_root=settings.image_root or posixpath.dirname(block.source),
            thinned=settings.thin.is_on and block.split == TRAIN,
            unthinned_moods=frozenset(
                mood
                for mood in settings.moods
                if label_counts.get(mood, 0) < settings.thin.keep_below
            ),
            stem=posixpath.join(
                folder, f"{block.split}-{block.number:05d}-of-{block.num_blocks:05d}"
            ),
            split_rows=split_rows[block.split],
        )
