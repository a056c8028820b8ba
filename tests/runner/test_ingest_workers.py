"""The ingest in several processes: same bytes, a worker's death, an interruption."""

import json
import os
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest

from components.pet_example_gen import executor, work
from components.pet_example_gen.job import IngestSettings
from components.pet_example_gen.shard import write_shard
from components.pet_example_gen.shard_files import is_finished, read_counts
from dataset.partition import SplitShare, partition_rows
from dataset.settings import DataSettings
from dataset.thinning import ThinSettings
from schemas.labels import DEFAULT_MOODS
from testing.pipeline.runs import write_colours
from testing.processes.dying import die

SETTINGS = IngestSettings(data=DataSettings(), thin=ThinSettings(), moods=DEFAULT_MOODS, side=32)


@pytest.fixture(scope="module")
def csv(tmp_path_factory):
    return write_colours(tmp_path_factory.mktemp("colours"), "train", clips=40)


def jobs_in(csv: Path, folder: Path):
    folder.mkdir()
    dealing = partition_rows(str(csv), [SplitShare("train", 1)], 120, str(folder))
    return list(executor._jobs(dealing, SETTINGS, str(folder)))


def contents(jobs):
    folder = Path(jobs[0].stem).parent
    return {path.name: path.read_bytes() for path in folder.glob("train-*-of-*.*")}


def test_a_block_whose_worker_is_killed_is_done_by_another(csv, tmp_path, monkeypatch):
    monkeypatch.setattr(work, "_ROWS_PER_PROCESS", 1)
    here, there = jobs_in(csv, tmp_path / "here"), jobs_in(csv, tmp_path / "there")
    assert len(here) == 8
    for job in here:
        write_shard(job)
    killed = []

    def kill_one() -> None:
        while not killed:
            if list((tmp_path / "there").glob("*.partial.tfrecord")):
                workers = [
                    c for c in psutil.Process().children() if "spawn_main" in str(c.cmdline())
                ]
                os.kill(workers[0].pid, signal.SIGKILL)
                killed.append(workers[0].pid)
            time.sleep(0.002)

    thread = threading.Thread(target=kill_one, daemon=True)
    thread.start()
    done = work.write_shards_here(there, processes=2)
    thread.join(timeout=1)
    assert killed
    # A block that was finished and not yet told of is found finished.
    assert 8 - 2 <= done <= 8
    whole = contents(there)
    assert {name: whole[name] for name in contents(here)} == contents(here)


def test_workers_that_die_at_the_same_block_again_and_again_end_the_run(csv, tmp_path, monkeypatch):
    monkeypatch.setattr(work, "_ROWS_PER_PROCESS", 1)
    monkeypatch.setattr(work, "write_shard", die)
    jobs = jobs_in(csv, tmp_path / "out")
    with pytest.raises(work.WorkerDiedError, match=r"3 workers died in a row.*00000-of-00008"):
        work.write_shards_here(jobs, processes=2)


def test_an_error_in_a_worker_is_that_of_the_run(csv, tmp_path, monkeypatch):
    monkeypatch.setattr(work, "_ROWS_PER_PROCESS", 1)
    jobs = jobs_in(csv, tmp_path / "out")
    os.remove(jobs[3].block.parts[0])
    with pytest.raises(FileNotFoundError):
        work.write_shards_here(jobs, processes=2)


def test_blocks_finished_before_an_interruption_are_kept(csv, tmp_path):
    jobs = jobs_in(csv, tmp_path / "out")
    for job in jobs[:5]:
        write_shard(job)
    before = contents(jobs)
    assert work.write_shards_here(jobs, processes=1) == 3
    assert before.items() <= contents(jobs).items()
    key = json.loads(Path(jobs[0].stem + ".json").read_text("utf-8"))["key"]
    assert is_finished(jobs[0].stem, key)
    assert sum(read_counts(job.stem)["used"] for job in jobs) == 960


@pytest.mark.parametrize(
    ("arguments", "processes"),
    [
        (["--runner=DirectRunner", "--direct_num_workers=3"], 3),
        (["--runner=DirectRunner", "--direct_num_workers=0"], os.cpu_count()),
        (["--runner=DataflowRunner", "--direct_num_workers=3"], None),
        (["--runner=FlinkRunner"], None),
    ],
)
def test_only_the_local_runner_has_our_processes(arguments, processes):
    assert work.local_processes(arguments) == processes
