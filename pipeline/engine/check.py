"""Asks the engine, before the first node, for everything that would otherwise fail hours later."""

import contextlib
import logging
import os
import posixpath
import socket
import time
import uuid
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pipeline.beam import FLINK, SPARK, BeamSettings, beam_args
from pipeline.engine import flink, probe
from pipeline.engine.failures import EngineFailure, failure_of
from pipeline.engine.versions import PROJECT, differences, own_versions
from schemas.errors import ConfigError
from system import storage
from system.buckets.stores import is_remote

Place = Path | str
"""A path of this machine, or an address in a bucket."""
_LOGGER = logging.getLogger(__name__)
_FOLDER = "engine_check"
_START = "python -m pipeline.beam_worker_pool --port PORT"
_REST_SECONDS = 30
"""How much longer one call may take than the check, so that the check's own end comes first."""
_PICKED_UP_SECONDS = 10
"""A shared disk may show a file to another machine only after its cache has run out."""


def check(settings: BeamSettings, folder: Place, files: Sequence[Place] = ()) -> str:
    """Returns a sentence on the engine that can do the work; an engine without asking is "".

    Args:
      settings: of an engine with a job service; others are not asked.
      folder: on storage that this machine and the workers share; created if need be.
      files: that workers must be able to read.

    Raises:
      ConfigError: with the remedy, if job server, cluster or workers do not answer, or workers
        hold another version.
    """
    if not settings.has_job_service or not settings.check_seconds:
        return ""
    started = time.monotonic()
    notes = [_check_cluster(settings)]
    # Loads Beam, and comes after what needs no Beam.
    from pipeline.engine import job_server

    options = settings.engine_options()
    if options.get("job_endpoint"):
        job_server.check(options["job_endpoint"])
    elif settings.job_server_jar:
        job_server.check_jar(settings.job_server_jar)
    notes.append(_check_workers(settings, folder, files, started))
    return "; ".join(note for note in notes if note)


def _check_cluster(settings: BeamSettings) -> str:
    options = settings.engine_options()
    if settings.cluster and settings.runner == FLINK:
        return flink.check(settings.cluster, int(options["parallelism"]))
    if settings.cluster and settings.runner == SPARK:
        host, _, port = settings.cluster.removeprefix("spark://").rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=10).close()
        except OSError as error:
            raise ConfigError(
                f"Spark's master must answer at beam.cluster={settings.cluster}. Received: "
                f"{error}. Start it, or give its address"
            ) from error
    return ""


def _check_workers(
    settings: BeamSettings, folder: Place, files: Sequence[Place], started: float
) -> str:
    """Runs a job of a few tasks, in which workers write down what they are."""
    parent = posixpath.join(_absolute(folder), _FOLDER)
    token = uuid.uuid4().hex
    place = posixpath.join(parent, token)
    storage.make_folder(place)
    try:
        if not is_remote(place):
            # The pool may run as another user than this program.
            os.chmod(place, 0o777)
        storage.write_whole(posixpath.join(place, probe.ASKED), token)
        question = probe.Question(place, token, tuple(map(_absolute, files)))
        seconds = settings.check_seconds - (time.monotonic() - started)
        _run_job(settings, question, max(seconds, 1))
        found = _answers(place)
        _check_answers(settings, found)
    finally:
        storage.remove_folder(place)
        if not is_remote(parent):
            with contextlib.suppress(OSError):
                os.rmdir(parent)
    machines = len({one["host"] for one in found})
    processes = len({(one["host"], one["process"]) for one in found})
    return f"{processes} worker processes on {machines} machines answered"


def _absolute(path: Place) -> str:
    return str(path) if is_remote(str(path)) else os.path.abspath(path)


def _run_job(settings: BeamSettings, question: probe.Question, seconds: float) -> None:
    import apache_beam as beam

    # Of a word that is given twice the last one counts.
    args = [*beam_args(settings, 1), f"--job_server_timeout={int(seconds) + _REST_SECONDS}"]
    tasks = 2 * int(settings.engine_options().get("parallelism") or 1)
    pipeline = beam.Pipeline(argv=args)
    _ = (
        pipeline
        | "Questions" >> beam.Create(range(tasks))
        | "Spread" >> beam.Reshuffle()
        | "Ask" >> beam.Map(partial(probe.answer, question=question))
    )
    deadline = time.monotonic() + seconds
    try:
        result = pipeline.run()
        state = result.wait_until_finish(max(1, int((deadline - time.monotonic()) * 1000)))
    # A job server's answer to a failed job, and gRPC's own errors, have no class in common.
    except Exception as error:
        _LOGGER.exception("the engine's check failed")
        raise ConfigError(_failed(settings, failure_of(error))) from error
    if state != beam.runners.runner.PipelineState.DONE:
        with contextlib.suppress(Exception):
            result.cancel()
        raise ConfigError(_silent(settings))


def _failed(settings: BeamSettings, failure: EngineFailure) -> str:
    if "No module named" in failure.cause:
        return (
            "The engine's workers must import this project in this version. Received: "
            f"{failure.cause}. Start the worker pool at {_pool(settings)} from this version's "
            f"folder or image: {_START}"
        )
    if failure.ours:
        # Such as a folder that the worker does not see; its message has the remedy.
        return f"The engine's worker refuses its first task. Received: {failure.cause}"
    hint = failure.hint or "Look at the engine's own log and at the worker pool's"
    return (
        "The engine must run a job of a few tasks before the first step. Received: "
        f"{failure.cause}. {hint}. The pool must be at beam.worker_pool={_pool(settings)} of each "
        f"of the engine's machines: {_START}"
    )


def _pool(settings: BeamSettings) -> str:
    return settings.engine_options().get("environment_config", settings.worker_pool)


def _silent(settings: BeamSettings) -> str:
    pool = _pool(settings)
    slots = "" if settings.cluster else " (set beam.cluster, and its slots are asked)"
    return (
        f"The engine must answer within beam.check_seconds={settings.check_seconds}. Received: no "
        f"worker's answer. Look at the pool's log at {pool} (its python must be this project's, "
        f"and it must reach the engine), whether the engine has free slots{slots}, and whether it "
        "waits for its machines; a slow start needs a larger beam.check_seconds"
    )


def _answers(place: str) -> list[probe.WorkerAnswer]:
    """Returns the workers' answers; waits a moment for a shared disk to show them."""
    deadline = time.monotonic() + _PICKED_UP_SECONDS
    while not (found := list(probe.answers(place))) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def _check_answers(settings: BeamSettings, found: list[probe.WorkerAnswer]) -> None:
    if not found:
        raise ConfigError(
            "The engine's workers must write into the output folder. Received: a finished job "
            "without an answer. Give --output a folder on storage that all of them share"
        )
    here = own_versions()
    for one in found:
        if other := differences(here, one["versions"]):
            project = one["versions"].get(PROJECT) != here[PROJECT]
            what = "code" if project else "libraries"
            raise ConfigError(
                f"The engine's workers must hold this project in this version. Received: other "
                f"{what} on {one['host']}: {', '.join(other)}. Start the worker pool "
                f"({_pool(settings)}) anew from this version's folder or image"
            )
        if one["unseen"]:
            raise ConfigError(
                "The engine's workers must read the data under the same path as this machine. "
                f"Received: {', '.join(one['unseen'])} cannot be read on {one['host']}. Keep the "
                "CSVs and photos on storage that all of them share"
            )
